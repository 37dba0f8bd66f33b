"""The card of a model: what it was trained on, how good it is, what it is for; never a word of a note."""

from __future__ import annotations

import pandas as pd

from dagbog_nlp.learning.training import TrainedCoder

_USE = """## Intended use

A first coder of Danish diary notes from family treatment, before a person's review: to find sentences, to
count them with their uncertainty, and to be corrected. Measure agreement on your own notes before you trust a
count.

## Not to be used

To decide about a family or a child, to judge a professional, to predict an outcome, or on notes of another
kind (medical records, court papers, chat) without new training and measurement.
"""
_BAR = 20


def model_card(coder: TrainedCoder, data: pd.Series) -> str:
    """Write the card of a trained coder in Markdown.

    Parameters
    ----------
    coder
        With its ``evaluation`` and ``verdicts``.
    data
        What the training data were, name to number.

    Returns
    -------
    str
        Data, figures per code with 95 % intervals by case, calibration per family, and what it is for.
    """
    facts = "\n".join(f"- {name}: {value}" for name, value in data.items())
    return f"""# {coder.name}

Codes sentences of Danish diary notes with the codebook `{coder.codebook.name}` ({coder.codebook.hash}).

## Data

{facts}

The figures below are cross-validated: each sentence was judged by models, weights and thresholds that were
fitted without its writer (or, for a model of your own, its case).

## Figures

{_figures(coder)}

## Calibration

Mean score against the share that was coded by hand, in ten bins.

{_calibration(coder)}

{_USE}"""


def _figures(coder: TrainedCoder) -> str:
    lines = [
        "| code | coded sentences | precision | recall | F1 | average precision | calibration error | use |",
        "| --- | ---: | --- | --- | --- | --- | ---: | --- |",
    ]
    for code, row in coder.evaluation.table.iterrows():
        cells = [
            f"{row[name]:.2f} ({row[f'{name}_low']:.2f}-{row[f'{name}_high']:.2f})"
            for name in ("precision", "recall", "f1", "average_precision")
        ]
        cells += [f"{row['calibration_error']:.3f}", coder.verdicts[code]]
        lines.append(f"| {code} | {row['sentences']:.0f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _calibration(coder: TrainedCoder) -> str:
    curves = coder.evaluation.calibration
    blocks = []
    for code in curves["code"].unique():
        if "/" in code:
            continue
        lines = [f"`{code}`", "", "```text"]
        for row in curves[curves["code"] == code].itertuples():
            bar = "#" * round(row.share_coded * _BAR)
            figures = f"score {row.mean_score:4.2f}  coded {row.share_coded:4.2f}"
            lines.append(f"{figures} |{bar:<{_BAR}}| {row.sentences:6d}")
        blocks.append("\n".join([*lines, "```"]))
    return "\n\n".join(blocks)
