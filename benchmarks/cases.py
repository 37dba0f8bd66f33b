"""How well the case level holds: reflective adjustment, corrected counts, and how fast profiles are made.

python benchmarks/cases.py

Codings by hand, and codings by models that never saw the writer. Judged are the first writers of the
corpus, or those that an encoder answered for without having read them (``encoder_oof.npz``, see
``quality.py``); the others are only learnt from, and four writers are held back.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from quality import (
    ENCODER_OOF,
    GOALS,
    HELD_BACK,
    corpus_without_held_back,
    encoder_logits,
    judged_writers,
    truth_of,
)

from dagbog_nlp.cases.profiles import Profiles, profile_cases
from dagbog_nlp.cases.sequences import followed_by, reflective_adjustment
from dagbog_nlp.cases.statistics import wilson_interval
from dagbog_nlp.learning.corpus import Corpus
from dagbog_nlp.learning.training import fit_ensemble

DOUBT, ADJUSTMENT = "professionel_tvivl", "indsatsjustering"
COPIES = 50
FIRST_WRITERS = [name for name in (f"W{number}" for number in range(1, 19)) if name not in HELD_BACK]


def machine_codings(corpus: Corpus, judged: list[str]) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Codings and scores of the families by each tier, every writer coded by models of the others."""
    sentences, truth = corpus.sentences, truth_of(corpus)[list(GOALS)]
    fit = fit_ensemble(
        sentences,
        truth,
        sentences["case_id"].to_numpy(),
        encoder_logits=encoder_logits(sentences, list(GOALS)) if ENCODER_OOF.exists() else None,
        folds_by=sentences["writer"].to_numpy(),
        only_learn=~sentences["writer"].isin(judged).to_numpy(),
        min_cases=1,
    )
    out = {}
    for tier, decided in fit.decided.items():
        row, column = np.nonzero(decided & fit.judged[:, None])
        codings = sentences.iloc[row][["case_id", "note_id", "date", "start", "end"]].reset_index(drop=True)
        codings["code"] = np.array(list(GOALS), object)[column]
        codings["score"], codings["source"] = fit.probabilities[tier][row, column], "classifier"
        scores = pd.DataFrame(fit.probabilities[tier], columns=list(GOALS))[fit.judged]
        out[tier] = codings, scores.assign(case_id=sentences["case_id"].to_numpy()[fit.judged])
    return out


def reflective_row(codings: pd.DataFrame, corpus: Corpus, within: str | None = None) -> dict[str, str]:
    marks = corpus.cases.set_index("case_id")["reflective"].astype(bool)
    found = reflective_adjustment(codings, corpus.notes, within=within)["reflective"].reindex(marks.index)
    right, n = int((found == marks).sum()), len(marks)
    low, high = wilson_interval(right, n)
    return {
        "accuracy": f"{right / n:.3f} ({float(low):.3f}-{float(high):.3f})",
        "said yes, marked no": str(int((found & ~marks).sum())),
        "said no, marked yes": str(int((~found & marks).sum())),
    }


def rates(coded: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Precision and recall per code, from profiles of the same cases by machine and by hand."""
    both = coded.groupby("code")["hits"].sum()
    return pd.DataFrame(
        {
            "precision": both / coded.groupby("code")["sentences"].sum(),
            "recall": both / truth.groupby("code")["sentences"].sum(),
        }
    )


def correction_rows(codings: pd.DataFrame, scores: pd.DataFrame, corpus: Corpus) -> pd.DataFrame:
    """Mean absolute error per case, and bias, of the raw count and of each way to correct it."""
    codes, keys = list(GOALS), ["note_id", "start", "end", "code"]
    gold = corpus.codings.assign(code=corpus.codings["code"].str.partition("/")[0]).drop_duplicates(keys)
    hits = codings.merge(gold[keys], on=keys).groupby(["case_id", "code"]).size().rename("hits")

    def profile(table: pd.DataFrame, **options: pd.DataFrame) -> Profiles:
        return profile_cases(table, corpus.notes, corpus.cases, codes=codes, **options)

    truth, raw = profile(gold), profile(codings)
    raw_hits = raw.join(hits, on=["case_id", "code"]).fillna({"hits": 0})
    half = raw["case_id"].isin(corpus.cases["case_id"][::2]).to_numpy()
    by_rates = np.zeros(len(raw))
    for judge in (half, ~half):
        known = rates(pd.DataFrame(raw_hits[~judge]), pd.DataFrame(truth[~judge]))
        by_rates[judge] = profile(codings, errors=known)["expected"][judge]
    ways = {
        "raw count": raw["sentences"].to_numpy(float),
        "scores of the coded sentences": raw["expected"].to_numpy(),
        "scores of all sentences": profile(codings, scores=scores)["expected"].to_numpy(),
        "precision and recall of the other cases": by_rates,
    }
    rows = {}
    for name, values in ways.items():
        wrong = pd.Series(np.abs(values - truth["sentences"])).groupby(truth["code"].to_numpy()).mean()
        bias = pd.Series(values - truth["sentences"]).groupby(truth["code"].to_numpy()).mean()
        rows[name] = {code: f"{wrong[code]:.2f} ({bias[code]:+.2f})" for code in codes}
    return pd.DataFrame.from_dict(rows, orient="index")


def speed(corpus: Corpus) -> str:
    def copied(table: pd.DataFrame) -> pd.DataFrame:
        copies = [table.assign(case_id=table["case_id"] + f"#{i}") for i in range(COPIES)]
        for i, copy in enumerate(copies):
            if "note_id" in copy:
                copy["note_id"] += f"#{i}"
        return pd.concat(copies, ignore_index=True)

    notes, cases, codings = (copied(table) for table in (corpus.notes, corpus.cases, corpus.codings))
    begun = time.perf_counter()
    profiles = profile_cases(codings, notes, cases)
    took = time.perf_counter() - begun
    return (
        f"{profiles['case_id'].nunique():,} cases, {len(notes):,} notes, {len(codings):,} codings, "
        f"{profiles['code'].nunique()} codes: {took:.1f} s ({len(notes) / took:,.0f} notes a second)"
    )


def main() -> None:
    everything = corpus_without_held_back()
    judged = judged_writers() if ENCODER_OOF.exists() else FIRST_WRITERS
    corpus = everything.of_writers(judged)
    marks = corpus.cases["reflective"].astype(bool)
    print(f"{len(corpus.cases)} cases by {len(judged)} writers, {marks.mean():.1%} marked reflective\n")
    tiers = machine_codings(everything, judged)
    rows = {"codings by hand": reflective_row(corpus.codings, corpus)}
    rows["codings by hand, within 90 days"] = reflective_row(corpus.codings, corpus, "90D")
    for tier, (codings, _) in tiers.items():
        rows[f"codings by the {tier} tier, writers unseen"] = reflective_row(codings, corpus)
    print("## Reflective adjustment against the corpus's marks\n")
    print(pd.DataFrame.from_dict(rows, orient="index").to_markdown(), "\n")
    chance = followed_by(corpus.codings, DOUBT, ADJUSTMENT, within="90D", notes=corpus.notes).chance
    print("## Doubts answered within 90 days, and by chance\n")
    print(chance.round(3).to_markdown(), "\n")
    for tier, (codings, scores) in tiers.items():
        print(f"## Sentences per case, {tier} tier: mean absolute error (bias)\n")
        print(correction_rows(codings, scores, corpus).to_markdown(), "\n")
    print("## Speed\n")
    print(speed(corpus))


if __name__ == "__main__":
    main()
