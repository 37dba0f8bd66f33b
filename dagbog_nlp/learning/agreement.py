"""How far two coders agree, whoever they are: people, keyword coders or classifiers.

For each code every unit is coded or not by each of the two, and the uncoded units count too:
without them chance cannot be judged. The measures all come from the four counts of that table.

References
----------
Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological
Measurement 20(1), 37-46. Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability,
University of Pennsylvania. Gwet, K. L. (2008). Computing inter-rater reliability and its variance
in the presence of high agreement. British Journal of Mathematical and Statistical Psychology 61,
29-48.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dagbog_nlp.errors import InputError
from dagbog_nlp.notes.sentences import sentence_table

Unit = Literal["sentence", "note", "case", "character"]
Counts = NDArray[np.float64]
ALL_CODES = "alle koder"
MEASURES = ("percent", "kappa", "alpha", "ac1", "precision", "recall", "f1")
_KEYS: dict[str, list[str]] = {"note": ["case_id", "note_id"], "case": ["case_id"]}


def agreement(
    codings_a: pd.DataFrame,
    codings_b: pd.DataFrame,
    unit: Unit = "sentence",
    *,
    notes: pd.DataFrame,
    units: pd.DataFrame | None = None,
    codes: Sequence[str] | None = None,
    parents: bool = True,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare two coders, per code and over all codes.

    Parameters
    ----------
    codings_a, codings_b
        Two codings tables. Precision, recall and F1 take `codings_a` as the reference. A negated
        use counts as coded, as the coding manual has it; leave such rows out where yours does not.
    unit
        What is coded or not: a sentence, a note, a case, or a character as NVivo counts. A sentence
        is coded when a passage covers at least half of it, or lies at least half in it.
    notes
        The notes that both read. All their units count, coded or not.
    units
        The sentences that both read, with ``case_id, note_id, start, end``, when they did not read
        every sentence; only with ``unit="sentence"``.
    codes
        The codes to compare; every code that one of the two used, unless given.
    parents
        A subcode implies its parent.
    resamples
        Bootstrap resamples of cases for the intervals; 0 for none.
    confidence
        Share of the resamples that an interval covers.
    seed
        Of the resampling.

    Returns
    -------
    pandas.DataFrame
        One row per code, and a last row ``alle koder`` in which each unit counts once per code.
        ``unit, units, cases, a, b, both, neither`` (numbers of units), then ``percent`` (0..1),
        ``kappa`` (Cohen), ``alpha`` (Krippendorff, nominal), ``ac1`` (Gwet), ``precision, recall,
        f1``, each with ``_low`` and ``_high``. A measure that is not defined is NaN.

    Raises
    ------
    InputError
        On an unknown unit, or when there is nothing to compare.

    Examples
    --------
    >>> notes = pd.DataFrame({"case_id": "S1", "note_id": ["N1"], "date": pd.NaT,
    ...                       "text": ["Mor græder. Far kom for sent. Vi taltes ved."]})
    >>> a = pd.DataFrame({"case_id": "S1", "note_id": "N1", "start": [0, 12], "end": [11, 29],
    ...                   "code": ["gråd", "aflyser"]})
    >>> agreement(a, a[:1], notes=notes, resamples=0)[["code", "both", "neither", "percent"]].round(2)
             code  both  neither  percent
    0     aflyser     0        2     0.67
    1        gråd     1        2     1.00
    2  alle koder     1        4     0.83
    """
    if unit not in {"sentence", "note", "case", "character"} or (units is not None and unit != "sentence"):
        raise InputError(
            "an unknown unit, or units with another unit than sentence", fix="use unit='sentence'"
        )
    pair = [_coded(codings, parents) for codings in (codings_a, codings_b)]
    used = sorted(set(pair[0]["code"]) | set(pair[1]["code"])) if codes is None else list(codes)
    if not used:
        raise InputError("neither coder has a coding", fix="pass codings, or the codes to compare")
    cases, counts = _counts(pair, unit, notes, units, used)
    if not counts.sum():
        raise InputError("there are no units to compare", fix="pass the notes that both coders read")
    table = np.concatenate([counts, counts.sum(axis=1, keepdims=True)], axis=1)
    total = table.sum(axis=0)
    frame = pd.DataFrame({"code": [*used, ALL_CODES], "unit": unit, "units": total.sum(axis=1).astype(int)})
    frame["cases"] = len(cases)
    both, only_a, only_b, neither = total.T.astype(int)
    frame = frame.assign(a=both + only_a, b=both + only_b, both=both, neither=neither)
    values = measures(total)
    draws = _resample(table, resamples, seed)
    for name in MEASURES:
        frame[name] = values[name]
        if draws is not None:
            frame[f"{name}_low"], frame[f"{name}_high"] = _interval(draws[name], confidence)
    return frame


def agreement_rounds(
    rounds: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], unit: Unit = "sentence", **options: Any
) -> pd.DataFrame:
    """Compare the same two coders before and after they discussed their differences.

    Parameters
    ----------
    rounds
        The two codings tables by name of the round, such as ``{"før drøftelse": (a, b),
        "efter drøftelse": (a2, b2)}``.
    unit
        As in :func:`agreement`.
    options
        Passed to :func:`agreement`; ``notes`` is needed.

    Returns
    -------
    pandas.DataFrame
        The tables of all rounds below each other, with a first column ``round``; every round has
        the codes that were used in any.

    Examples
    --------
    >>> notes = pd.DataFrame({"case_id": "S1", "note_id": ["N1"], "date": pd.NaT,
    ...                       "text": ["Mor græder. Far kom for sent. Vi taltes ved."]})
    >>> a = pd.DataFrame({"case_id": "S1", "note_id": "N1", "start": [0, 12], "end": [11, 29],
    ...                   "code": ["gråd", "aflyser"]})
    >>> rounds = {"før drøftelse": (a, a[:1]), "efter drøftelse": (a, a)}
    >>> table = agreement_rounds(rounds, notes=notes, resamples=0)
    >>> table.loc[table["code"] == "alle koder", ["round", "percent"]].round(2).values.tolist()
    [['før drøftelse', 0.83], ['efter drøftelse', 1.0]]
    """
    if "codes" not in options:
        tables = [
            _coded(codings, options.get("parents", True)) for pair in rounds.values() for codings in pair
        ]
        options["codes"] = sorted(set().union(*(set(table["code"]) for table in tables)))
    found = {name: agreement(a, b, unit, **options) for name, (a, b) in rounds.items()}
    return pd.concat(found, names=["round"]).reset_index(level="round").reset_index(drop=True)


def measures(counts: Counts) -> dict[str, NDArray[np.float64]]:
    """Compute every measure from counts of units.

    Parameters
    ----------
    counts
        Shape (..., 4): coded by both, by A only, by B only, by neither.

    Returns
    -------
    dict
        An array of shape (...) per name in :data:`MEASURES`; NaN where not defined.

    Examples
    --------
    >>> round(float(measures(np.array([20.0, 5.0, 10.0, 15.0]))["kappa"]), 3)
    0.4
    """
    both, only_a, only_b, neither = np.moveaxis(np.asarray(counts, dtype=float), -1, 0)
    n = both + only_a + only_b + neither
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = (both + neither) / n
        share_a, share_b = (both + only_a) / n, (both + only_b) / n
        by_chance = share_a * share_b + (1 - share_a) * (1 - share_b)
        values, coded = 2 * n, 2 * both + only_a + only_b
        disagreement = 2 * coded * (values - coded) / (values * (values - 1))
        share = (share_a + share_b) / 2
        return {
            "percent": observed,
            "kappa": (observed - by_chance) / (1 - by_chance),
            "alpha": 1 - (1 - observed) / disagreement,
            "ac1": (observed - 2 * share * (1 - share)) / (1 - 2 * share * (1 - share)),
            "precision": both / (both + only_b),
            "recall": both / (both + only_a),
            "f1": 2 * both / (2 * both + only_a + only_b),
        }


def match_units(codings: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Find the sentences that codings are about.

    Parameters
    ----------
    codings
        With ``note_id, start, end``.
    units
        With ``note_id, start, end``; sentences of one note do not overlap.

    Returns
    -------
    pandas.DataFrame
        ``coding`` and ``unit``, positions of rows in the two tables. A coding meets a sentence when
        they share at least half of the shorter one.
    """
    coding_places = (
        codings[["note_id", "start", "end"]].reset_index(drop=True).rename_axis("coding").reset_index()
    )
    unit_places = units[["note_id", "start", "end"]].reset_index(drop=True).rename_axis("unit").reset_index()
    pairs = coding_places.merge(unit_places, on="note_id", suffixes=("", "_unit"))
    shared = np.minimum(pairs["end"], pairs["end_unit"]) - np.maximum(pairs["start"], pairs["start_unit"])
    shorter = np.minimum(pairs["end"] - pairs["start"], pairs["end_unit"] - pairs["start_unit"])
    return pairs.loc[(shared > 0) & (2 * shared >= shorter), ["coding", "unit"]].reset_index(drop=True)


def _coded(codings: pd.DataFrame, parents: bool) -> pd.DataFrame:
    table = codings[["case_id", "note_id", "start", "end", "code"]].astype({"code": "str"})
    if not parents:
        return table
    levels = [table]
    while not levels[-1].empty:
        above = levels[-1][levels[-1]["code"].str.contains("/")]
        levels.append(above.assign(code=above["code"].str.replace(r"/[^/]*$", "", regex=True)))
    return pd.concat(levels).drop_duplicates(ignore_index=True)


def _counts(
    pair: list[pd.DataFrame], unit: Unit, notes: pd.DataFrame, units: pd.DataFrame | None, codes: list[str]
) -> tuple[NDArray[Any], Counts]:
    """Counts of shape (cases, codes, 4), and the cases."""
    if unit == "character":
        return _character_counts(pair, notes, codes)
    if unit == "sentence":
        table = (sentence_table(notes) if units is None else units).reset_index(drop=True)
        places = [match_units(codings, table) for codings in pair]
        rows = [found["unit"].to_numpy() for found in places]
        named = [
            codings["code"].to_numpy()[found["coding"]] for codings, found in zip(pair, places, strict=True)
        ]
    else:
        table = notes[_KEYS[unit]].drop_duplicates(ignore_index=True)
        index = pd.Index(table[_KEYS[unit][-1]])
        rows = [index.get_indexer(codings[_KEYS[unit][-1]]) for codings in pair]
        named = [codings["code"].to_numpy() for codings in pair]
    marks = [_marks(row, name, len(table), codes) for row, name in zip(rows, named, strict=True)]
    cases, case = np.unique(table["case_id"].to_numpy().astype(str), return_inverse=True)
    cells = np.stack(
        [marks[0] & marks[1], marks[0] & ~marks[1], ~marks[0] & marks[1], ~marks[0] & ~marks[1]], axis=2
    )
    counts = np.zeros((len(cases), len(codes), 4))
    np.add.at(counts, case, cells)
    return cases, counts


def _marks(rows: NDArray[Any], names: NDArray[Any], size: int, codes: list[str]) -> NDArray[np.bool_]:
    column = pd.Index(codes).get_indexer(pd.Index(names))
    marks = np.zeros((size, len(codes)), dtype=bool)
    inside = (rows >= 0) & (column >= 0)
    marks[rows[inside], column[inside]] = True
    return marks


def _character_counts(
    pair: list[pd.DataFrame], notes: pd.DataFrame, codes: list[str]
) -> tuple[NDArray[Any], Counts]:
    cases, case = np.unique(notes["case_id"].to_numpy().astype(str), return_inverse=True)
    counts = np.zeros((len(cases), len(codes), 4))
    spans = [
        {key: rows[["start", "end"]].to_numpy() for key, rows in table.groupby(["note_id", "code"])}
        for table in pair
    ]
    for place, note_id, length in zip(case, notes["note_id"], notes["text"].str.len(), strict=True):
        for column, code in enumerate(codes):
            keys = [by.get((note_id, code), ()) for by in spans]
            marks = np.zeros((2, int(length)), dtype=bool)
            for row, found in zip(marks, keys, strict=True):
                for start, end in found:
                    row[start:end] = True
            a, b = marks
            counts[place, column] += [(a & b).sum(), (a & ~b).sum(), (~a & b).sum(), (~a & ~b).sum()]
    return cases, counts


def _resample(counts: Counts, resamples: int, seed: int) -> dict[str, NDArray[np.float64]] | None:
    if resamples < 1:
        return None
    n = len(counts)
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples).astype(float)
    return measures(np.tensordot(weights, counts, axes=1))


def _interval(draws: NDArray[np.float64], confidence: float) -> Iterable[NDArray[np.float64]]:
    tail = (1 - confidence) / 2
    defined = np.isfinite(draws).any(axis=0)
    bounds = np.full((2, draws.shape[1]), np.nan)
    bounds[:, defined] = np.nanquantile(draws[:, defined], [tail, 1 - tail], axis=0)
    return bounds
