"""The classifier on public Danish data sets: DKHATE (official split) and SAM (new topics, random splits).

python benchmarks/external.py --data FOLDER     FOLDER holds dkhate/ and sam/ with their original files

Same pipeline and settings as the shipped model: word features, and a linear model on the encoder's
vectors, combined by cross-validation. The encoder was tuned on this project's fictitious notes only.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score

import dagbog_nlp as dn
from dagbog_nlp.coding.ensemble import Ensemble
from dagbog_nlp.learning.training import fit_ensemble


def predict(train: pd.Series, labels: pd.Series, test: pd.Series, base: Ensemble | None) -> np.ndarray:
    """Learn `labels` of `train`, and choose for each text of `test` the most probable label."""
    tier = "fast" if base is None else "accurate"
    truth = pd.get_dummies(labels).astype(bool).reset_index(drop=True)
    sentences = pd.DataFrame({"note_id": [str(i) for i in range(len(train))], "text": train.to_numpy()})
    fit = fit_ensemble(sentences, truth, sentences["note_id"].to_numpy(), base=base, min_cases=2)
    asked = pd.DataFrame({"note_id": [str(i) for i in range(len(test))], "text": test.to_numpy()})
    probabilities = fit.ensemble.probabilities(asked, tier)
    if truth.shape[1] == 2:
        rare = int(truth.mean().to_numpy().argmin())
        given = probabilities[:, rare] >= fit.ensemble.combinations[tier].thresholds[rare]
        return truth.columns.to_numpy()[np.where(given, rare, 1 - rare)]
    return truth.columns.to_numpy()[probabilities.argmax(axis=1)]


def encoder_only(base: Ensemble | None) -> Ensemble | None:
    """Keep the encoder, without the word models of the notes."""
    return None if base is None else Ensemble({}, {}, {}, base.encoder)


def dkhate_parts(folder: Path) -> list[pd.DataFrame]:
    """Read the official training and test set."""
    return [
        pd.read_csv(folder / name, sep="\t", quoting=3).dropna(subset=["tweet", "subtask_a"])
        for name in ("offenseval-da-training-v1.tsv", "offenseval-da-test-v1.tsv")
    ]


def dkhate(folder: Path, base: Ensemble | None) -> str:
    train, test = dkhate_parts(folder)
    given = predict(train["tweet"], train["subtask_a"], test["tweet"], base)
    return f"DKHATE macro-F1 {f1_score(test['subtask_a'], given, average='macro'):.4f} (n={len(test)})"


def sam_parts(folder: Path) -> list[pd.DataFrame]:
    """Read the training sentences and those on new topics."""
    names = ["polarity", "text"]
    return [
        pd.read_csv(folder / name, header=None, usecols=[0, 1], names=names).dropna()
        for name in ("training_data_all.csv", "HypothesisData.csv")
    ]


def sam(folder: Path, base: Ensemble | None, splits: int) -> list[str]:
    frame, new = sam_parts(folder)
    lines = []
    given = predict(frame["text"], squash(frame["polarity"]), new["text"], base)
    gold = squash(new["polarity"])
    lines.append(
        f"SAM new topics: weighted F1 {f1_score(gold, given, average='weighted'):.4f}, "
        f"accuracy {accuracy_score(gold, given):.4f} (n={len(gold)})"
    )
    figures = []
    for seed in range(splits):
        test = np.random.default_rng(seed).random(len(frame)) < 0.1
        learn, judge = frame[~test], frame[test]
        given = predict(learn["text"], squash(learn["polarity"]), judge["text"], base)
        figures.append(f1_score(squash(judge["polarity"]), given, average="weighted"))
    lines.append(
        f"SAM random 90/10, {splits} splits: weighted F1 {np.mean(figures):.4f} (sd {np.std(figures):.4f})"
    )
    return lines


def squash(polarity: pd.Series) -> pd.Series:
    """Map -2..2 to negative, neutral, positive."""
    return np.sign(pd.to_numeric(polarity)).map({-1: "neg", 0: "neu", 1: "pos"})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--splits", type=int, default=3)
    options = parser.parse_args()
    full = encoder_only(dn.load().ensemble)
    for name, base in (("words", None), ("words and encoder", full if full and full.encoder else None)):
        print(f"# {name}")
        print(dkhate(options.data / "dkhate", base))
        print("\n".join(sam(options.data / "sam", base, options.splits)))


if __name__ == "__main__":
    main()
