"""How good the shipped recipe is on writers it has never seen.

python benchmarks/quality.py                       families, subcodes, keywords, writers; both tiers
python benchmarks/quality.py --learning-curve      how much more writers and more sentences help (words only)
python benchmarks/quality.py --errors DIR          also writes what went wrong, for reading
python benchmarks/quality.py --min-cases 5         the same with words of five cases or more, as `train` keeps them
python benchmarks/quality.py --held-back           the writers that no decision ever saw; once per release

Folds keep writers whole. Judged are the writers for whom an encoder answered that was trained without
them: its log odds lie in ``encoder_oof.npz`` beside this file (``rebuild_encoder.py --judge``, in hours).
The other writers are learnt from and never judged; four are held back. Intervals are 95 %, by
resampling cases.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import dagbog_nlp as dn
from dagbog_nlp.coding.classifier import SentenceClassifier, indicator
from dagbog_nlp.coding.features import WordFeatures
from dagbog_nlp.learning.corpus import Corpus, read_corpus
from dagbog_nlp.learning.evaluation import Evaluation, evaluate_scores
from dagbog_nlp.learning.training import Fit, fit_ensemble

HERE = Path(__file__).parent
CORPUS = HERE.parent / "data_samples" / "corpus"
ENCODER_OOF = HERE / "encoder_oof.npz"
HELD_BACK = ("W6", "W17", "W33", "W34")
GOALS = {
    "negativ_alliance": 0.90,
    "positiv_alliance": 0.85,
    "professionel_tvivl": 0.97,
    "indsatsjustering": 0.95,
}


def corpus_without_held_back() -> Corpus:
    writers = [path.stem for path in CORPUS.glob("W*.txt") if path.stem not in HELD_BACK]
    return read_corpus(CORPUS, writers=writers)


def truth_of(corpus: Corpus) -> pd.DataFrame:
    codes = dn.Codebook.load().classified
    return pd.DataFrame(indicator(corpus.sentences["codes"], codes), columns=codes)


def encoder_logits(sentences: pd.DataFrame, codes: list[str]) -> np.ndarray:
    """Read the out-of-fold log odds of the encoder, zero for sentences that only teach."""
    stored = np.load(ENCODER_OOF, allow_pickle=False)
    key = pd.MultiIndex.from_arrays([stored["note_id"].astype(str), stored["start"]])
    at = key.get_indexer(pd.MultiIndex.from_frame(sentences[["note_id", "start"]]))
    labels = [str(label) for label in stored["labels"]]
    columns = [labels.index(code) for code in codes]
    logits = stored["logits"].astype(np.float32)[:, columns]
    return np.where((at >= 0)[:, None], logits[at], 0.0).astype(np.float32)


def judged_writers() -> list[str]:
    writers = {
        str(note_id).partition("-")[0] for note_id in np.load(ENCODER_OOF, allow_pickle=False)["note_id"]
    }
    return sorted(writers, key=lambda name: int(name[1:]))


def fit_on(corpus: Corpus, min_cases: int = 1) -> tuple[Fit, pd.DataFrame, np.ndarray]:
    sentences, truth = corpus.sentences, truth_of(corpus)
    cases = sentences["case_id"].to_numpy()
    only_learn = ~sentences["writer"].isin(judged_writers()).to_numpy()
    fit = fit_ensemble(
        sentences,
        truth,
        cases,
        encoder_logits=encoder_logits(sentences, list(truth.columns)),
        folds_by=sentences["writer"].to_numpy(),
        only_learn=only_learn,
        min_cases=min_cases,
    )
    return fit, truth, cases


def shown(evaluation: Evaluation) -> pd.DataFrame:
    table = evaluation.table
    out = table[["sentences"]].astype(int)
    for name in ("precision", "recall"):
        out[name] = table[name].map("{:.3f}".format)
    for name, short in (("f1", "F1"), ("average_precision", "AP")):
        out[short] = [
            f"{value:.3f} ({low:.3f}-{high:.3f})"
            for value, low, high in zip(table[name], table[f"{name}_low"], table[f"{name}_high"], strict=True)
        ]
    out["calibration"] = table["calibration_error"].map("{:.3f}".format)
    return out


def keywords(corpus: Corpus) -> Evaluation:
    coder = dn.Autocoder(dn.Codebook.load())
    codes = coder.codebook.keyword_codes
    sentences = corpus.sentences
    hits = coder._keywords().code(sentences)
    given = pd.DataFrame(False, index=sentences.index, columns=codes)
    for row, code in zip(hits["row"], hits["code"], strict=True):
        given.loc[row, code] = True
    truth = pd.DataFrame(indicator(sentences["codes"], codes), columns=codes)
    return evaluate_scores(
        truth, given.to_numpy(dtype=float), given.to_numpy(), sentences["case_id"].to_numpy()
    )


def by_writer(fit: Fit, truth: pd.DataFrame, corpus: Corpus, tier: str) -> pd.DataFrame:
    rows = {}
    for writer in judged_writers():
        mask = (corpus.sentences["writer"] == writer).to_numpy()
        gold, given = truth[mask], fit.decided[tier][mask]
        rows[writer] = {
            family: 2
            * (gold[family] & given[:, truth.columns.get_loc(family)]).sum()
            / max(1, gold[family].sum() + given[:, truth.columns.get_loc(family)].sum())
            for family in GOALS
        }
    return pd.DataFrame.from_dict(rows, orient="index").round(3)


def learning_curve(corpus: Corpus) -> pd.DataFrame:
    """Judge four writers by a words-only model that learnt from more and more of the others."""
    sentences, truth = corpus.sentences, truth_of(corpus)[list(GOALS)]
    judged = judged_writers()[::3]
    test = sentences["writer"].isin(judged).to_numpy()
    learners = [writer for writer in sentences["writer"].unique() if writer not in judged]
    rows = []
    for n_writers in (3, 6, 10, 15, len(learners)):
        for share in (0.5, 1.0):
            cases = sentences.loc[sentences["writer"].isin(learners[:n_writers]), "case_id"].unique()
            kept = cases[:: round(1 / share)]
            learn = sentences["case_id"].isin(kept).to_numpy()
            model = SentenceClassifier(WordFeatures()).fit(sentences["text"][learn].to_numpy(), truth[learn])
            scores = model.predict_proba(sentences["text"][test].to_numpy())
            result = evaluate_scores(
                truth[test], scores, scores > 0.3, sentences["case_id"].to_numpy()[test], resamples=2
            )
            rows.append(
                {"writers": n_writers, "sentences": int(learn.sum())}
                | result.table["average_precision"].round(3).to_dict()
            )
    return pd.DataFrame(rows)


def write_errors(fit: Fit, truth: pd.DataFrame, corpus: Corpus, tier: str, folder: Path) -> None:
    """Write missed and false sentences of each code, most certain mistakes first (fictitious notes only)."""
    folder.mkdir(parents=True, exist_ok=True)
    for column, code in enumerate(truth.columns):
        frame = corpus.sentences[["writer", "note_id", "text", "codes"]].assign(
            score=fit.probabilities[tier][:, column].round(3),
            gold=truth[code],
            given=fit.decided[tier][:, column],
        )
        frame = frame[fit.judged & (frame["gold"] != frame["given"])]
        frame = frame.sort_values(["gold", "score"], ascending=[False, True])
        frame.to_csv(folder / f"{code.replace('/', '__')}.tsv", sep="\t", index=False)


def held_back(tier: str | None, writers: Sequence[str]) -> Evaluation:
    """Judge the model of ``rebuild_model.py --without-held-back`` on some of the writers that it never saw."""
    coder = dn.load(HERE / "held_back_model", tier=tier)
    corpus = read_corpus(CORPUS, writers=writers)
    codes = list(coder.ensemble.codes)
    probabilities = coder.ensemble.probabilities(corpus.sentences, coder.tier)
    truth = pd.DataFrame(indicator(corpus.sentences["codes"], codes), columns=codes)
    return evaluate_scores(
        truth,
        probabilities,
        coder.ensemble.decide(probabilities, coder.tier),
        corpus.sentences["case_id"].to_numpy(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--learning-curve", action="store_true")
    parser.add_argument("--held-back", action="store_true")
    parser.add_argument("--errors", type=Path)
    parser.add_argument("--min-cases", type=int, default=1)
    options = parser.parse_args()
    if options.held_back:
        for writers in (HELD_BACK, HELD_BACK[:2], HELD_BACK[2:]):
            for tier in ("fast", "accurate"):
                print(f"\n## {tier}, {', '.join(writers)}\n\n{shown(held_back(tier, writers)).to_markdown()}")
        return
    corpus = corpus_without_held_back()
    if options.learning_curve:
        print(learning_curve(corpus).to_markdown(index=False))
        return
    fit, truth, cases = fit_on(corpus, options.min_cases)
    for tier in fit.probabilities:
        evaluation = fit.evaluation(truth, cases, tier)
        subcodes = [code for code in truth.columns if "/" in code]
        macro = evaluation.table.loc[subcodes, ["f1", "average_precision"]].mean().round(3).to_dict()
        print(f"\n## {tier}\n\n{shown(evaluation).to_markdown()}\n\nsubcodes, macro: {macro}")
        print(f"\nF1 by writer:\n\n{by_writer(fit, truth, corpus, tier).to_markdown()}")
        if options.errors:
            write_errors(fit, truth, corpus, tier, options.errors / tier)
    words = keywords(corpus)
    print(f"\n## keywords\n\n{shown(words).to_markdown()}\n\nmacro F1: {words.table['f1'].mean():.3f}")


if __name__ == "__main__":
    main()
