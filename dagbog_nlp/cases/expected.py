"""How many sentences are to be expected once the coder's known error is corrected for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dagbog_nlp.errors import InputError

_RATES = (("precision", "recall"), ("sensitivity", "specificity"))


def expected_sentences(
    units: pd.DataFrame,
    grid: pd.MultiIndex,
    *,
    scores: pd.DataFrame | None = None,
    errors: pd.DataFrame | None = None,
    sentences: pd.Series | None = None,
) -> pd.Series:
    """Give the expected number of sentences per case and code.

    From the weakest to the strongest knowledge of the coder's error, each code takes the last that is
    known of it:

    1. the scores of the coded sentences are summed. They are 1 for a human and for a keyword, so their
       counts stay; for a classifier a calibrated probability discounts the false alarms, but what was
       missed stays missed: a lower bound, so pass `scores` wherever the coder can be asked.
    2. `scores`, the calibrated probabilities of *all* sentences, are summed: what was missed is in it.
       It is right on average when the calibration holds for the cases at hand.
    3. `errors` with precision and recall: count x precision / recall, for a coder tested on cases with
       the same share of coded sentences; or with sensitivity and specificity:
       (count + total x (specificity - 1)) / (sensitivity + specificity - 1), kept between 0 and the total,
       which holds whatever the share (Rogan and Gladen 1978, "Estimating prevalence from the results of
       a screening test", American Journal of Epidemiology 107).

    Parameters
    ----------
    units
        One row per coded sentence and code: ``case_id, code, score``.
    grid
        The cases and codes wanted, levels ``case_id, code``.
    scores
        One row per sentence: ``case_id`` and a column per code.
    errors
        Indexed by code, or with a column ``code``.
    sentences
        Sentences of each case, indexed by ``case_id``; needed for sensitivity and specificity.

    Returns
    -------
    pandas.Series
        float64, indexed by `grid`.

    Raises
    ------
    InputError
        When `errors` has neither pair of rates, or a rate that is no share or tells nothing.

    Examples
    --------
    >>> units = pd.DataFrame({"case_id": ["S1"] * 10, "code": ["tvivl"] * 10, "score": [1.0] * 10})
    >>> grid = pd.MultiIndex.from_tuples([("S1", "tvivl")], names=["case_id", "code"])
    >>> errors = pd.DataFrame({"precision": [0.9], "recall": [0.75]}, index=["tvivl"])
    >>> expected_sentences(units, grid, errors=errors).tolist()
    [12.0]
    """
    by = units.groupby(["case_id", "code"])
    count = by.size().reindex(grid, fill_value=0).astype(float)
    expected = by["score"].sum().reindex(grid, fill_value=0.0)
    if scores is not None:
        known = [code for code in grid.unique("code") if code in scores]
        summed = scores.groupby("case_id")[known].sum().melt(var_name="code", ignore_index=False)
        sums = summed.set_index("code", append=True)["value"]
        expected = sums.reindex(grid).fillna(expected)
    if errors is not None:
        corrected = _corrected(count, _checked(errors), sentences)
        expected = corrected.fillna(expected)
    return expected.astype(float)


def _checked(errors: pd.DataFrame) -> pd.DataFrame:
    errors = errors.set_index("code") if "code" in errors else errors
    pair = next((pair for pair in _RATES if set(pair) <= set(errors.columns)), None)
    if pair is None:
        raise InputError(
            "the errors lack the columns of known error",
            fix="give precision and recall, or sensitivity and specificity, per code",
        )
    rates = errors[list(pair)].astype(float)
    useless = (rates["recall"] == 0) if "recall" in rates else (rates.sum(axis=1) <= 1)
    if ((rates < 0) | (rates > 1)).any(axis=None) or useless.any():
        raise InputError(
            "a rate among the errors is not between 0 and 1, or the coder is no better than chance",
            fix="leave the code out of the errors",
        )
    return rates


def _corrected(count: pd.Series, rates: pd.DataFrame, sentences: pd.Series | None) -> pd.Series:
    each = rates.reindex(count.index.get_level_values("code"))
    if "recall" in rates:
        return count * each["precision"].to_numpy() / each["recall"].to_numpy()
    if sentences is None:
        raise InputError("sensitivity and specificity need the number of sentences", fix="pass sentences=")
    total = sentences.reindex(count.index.get_level_values("case_id"), fill_value=0).to_numpy(dtype=float)
    sensitivity, specificity = each["sensitivity"].to_numpy(), each["specificity"].to_numpy()
    true = (count.to_numpy() + total * (specificity - 1)) / (sensitivity + specificity - 1)
    return pd.Series(np.clip(true, 0, total), index=count.index)
