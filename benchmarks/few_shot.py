"""How well a new code works when an analyst gives 30 or 50 examples of it.

python benchmarks/rebuild_encoder.py tokenizer.json few_shot_encoder --leave-out W2 W5 W11 W13 W15 W18 \
    --without-codes negativ_alliance/råb_om_hjælp positiv_alliance/tryg_atmosfære ...
python benchmarks/few_shot.py --encoder few_shot_encoder     subcodes that the encoder was never told of
python benchmarks/few_shot.py --data FOLDER                  DKHATE and SAM, with the shipped encoder

Subcodes: the examples are those of whole cases by three writers, drawn until there are enough; the cases' other
sentences are the counter-examples. Judged are three other writers; the encoder has read none of the six.
Public sets: so many texts of the rare label, and others in the set's proportion.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from external import dkhate_parts, encoder_only, sam_parts, squash
from quality import CORPUS
from sklearn.metrics import average_precision_score, f1_score

import dagbog_nlp as dn
from dagbog_nlp.coding.classifier import indicator
from dagbog_nlp.coding.encoder import EncoderOutput, SentenceEncoder
from dagbog_nlp.coding.ensemble import Ensemble
from dagbog_nlp.learning.corpus import read_corpus
from dagbog_nlp.learning.training import fit_ensemble

TEACHERS, JUDGED = ("W2", "W5", "W11"), ("W13", "W15", "W18")
EXAMPLES = (30, 50)
DRAWS = 3


class Remembered(SentenceEncoder):
    """An encoder that has read some sentences once, for many small trainings on parts of them."""

    def __init__(self, encoder: SentenceEncoder, sentences: pd.DataFrame) -> None:
        self.labels, self.folder = (), encoder.folder
        self._place = pd.MultiIndex.from_frame(sentences[["note_id", "start"]])
        self._vectors = encoder.encode(sentences).vectors

    def encode(self, sentences: pd.DataFrame) -> EncoderOutput:
        rows = self._place.get_indexer(pd.MultiIndex.from_frame(sentences[["note_id", "start"]]))
        return EncoderOutput(self._vectors[rows], np.zeros((len(rows), 0), dtype=np.float32))


def judge_new_code(
    learn: pd.DataFrame, judge: pd.DataFrame, encoder: SentenceEncoder | None, *, min_cases: int
) -> dict[str, float]:
    """Learn the column ``gold`` of some sentences and judge it on others."""
    base = None if encoder is None else Ensemble({}, {}, {}, encoder)
    tier = "fast" if encoder is None else "accurate"
    fit = fit_ensemble(learn, learn[["gold"]], learn["case_id"].to_numpy(), base=base, min_cases=min_cases)
    probabilities = fit.ensemble.probabilities(judge, tier)
    decided = fit.ensemble.decide(probabilities, tier)[:, 0]
    return {
        "F1": f1_score(judge["gold"], decided),
        "AP": average_precision_score(judge["gold"], probabilities[:, 0]),
    }


def subcodes(folder: Path) -> pd.DataFrame:
    encoder = SentenceEncoder.load(folder)
    corpus = read_corpus(CORPUS, writers=[*TEACHERS, *JUDGED])
    sentences = corpus.sentences
    known = Remembered(encoder, sentences)
    codes = [code for code in dn.Codebook.load().classified if "/" in code and code not in encoder.labels]
    taught = sentences["writer"].isin(TEACHERS).to_numpy()
    rows = []
    for code in codes:
        gold = sentences.assign(gold=indicator(sentences["codes"], [code])[:, 0])
        for examples in EXAMPLES:
            for draw in range(DRAWS):
                cases = _cases_with(gold[taught], examples, seed=draw)
                learn = gold[gold["case_id"].isin(cases)].reset_index(drop=True)
                judge = gold[~taught].reset_index(drop=True)
                for name, used in (("words", None), ("words and encoder", known)):
                    rows.append(
                        {"code": code, "asked": examples, "given": int(learn["gold"].sum()), "by": name}
                        | judge_new_code(learn, judge, used, min_cases=2)
                    )
    return pd.DataFrame(rows)


def _cases_with(sentences: pd.DataFrame, examples: int, *, seed: int) -> Sequence[str]:
    """Draw cases until they hold so many examples, or none is left."""
    order = np.random.default_rng(seed).permutation(sentences["case_id"].unique())
    found = sentences.groupby("case_id")["gold"].sum()[order].cumsum()
    return list(order[: int(np.searchsorted(found.to_numpy(), examples)) + 1])


def public_sets(data: Path) -> pd.DataFrame:
    full = encoder_only(dn.load().ensemble)
    train, test = dkhate_parts(data / "dkhate")
    frame, new = sam_parts(data / "sam")
    sets = {
        "DKHATE, offensive": (
            (train["tweet"], train["subtask_a"] == "OFF"),
            (test["tweet"], test["subtask_a"] == "OFF"),
        ),
        "SAM new topics, negative": (
            (frame["text"], squash(frame["polarity"]) == "neg"),
            (new["text"], squash(new["polarity"]) == "neg"),
        ),
    }
    rows = []
    for name, ((texts, gold), (asked, truth)) in sets.items():
        judge = _as_sentences(asked, truth)
        for examples in EXAMPLES:
            for draw in range(DRAWS):
                order = np.random.default_rng(draw).permutation(len(texts))
                enough = int(np.searchsorted(gold.to_numpy()[order].cumsum(), examples)) + 1
                learn = _as_sentences(texts.iloc[order[:enough]], gold.iloc[order[:enough]])
                for by, used in (("words", None), ("words and encoder", full.encoder if full else None)):
                    rows.append(
                        {"code": name, "asked": examples, "given": examples, "by": by}
                        | judge_new_code(learn, judge, used, min_cases=2)
                    )
    return pd.DataFrame(rows)


def _as_sentences(texts: pd.Series, gold: pd.Series) -> pd.DataFrame:
    ids = [str(number) for number in range(len(texts))]
    return pd.DataFrame(
        {
            "case_id": ids,
            "note_id": ids,
            "start": 0,
            "text": texts.to_numpy(),
            "gold": gold.to_numpy(dtype=bool),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", type=Path)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    tables = []
    if options.encoder:
        tables.append(subcodes(options.encoder))
    if options.data:
        tables.append(public_sets(options.data))
    for table in tables:
        means = table.groupby(["code", "asked", "by"], sort=False)[["given", "F1", "AP"]].mean().round(3)
        print(means.reset_index().to_markdown(index=False), "\n")


if __name__ == "__main__":
    main()
