"""Which words and codes set groups of cases apart, with the case as the unit."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import combinations

import numpy as np
import pandas as pd
import simplemma
from scipy import stats

from dagbog_nlp.cases.profiles import coded_units
from dagbog_nlp.cases.resampling import resampling_weights
from dagbog_nlp.cases.statistics import Floats, exact_test
from dagbog_nlp.errors import InputError
from dagbog_nlp.tables import check_codings

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_PER = 1000


def keyness(
    notes: pd.DataFrame,
    cases: pd.DataFrame,
    by: str = "goal_attainment",
    *,
    codings: pd.DataFrame | None = None,
    min_cases: int = 5,
    lemmatise: bool = True,
    level: float = 0.95,
    draws: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Find the words, or the codes and pairs of codes, that are commoner in one group of cases.

    Every case weighs the same: the test asks in how many cases a term occurs, the effect size compares the
    mean rates of the cases, and its interval draws whole cases, so that one talkative case decides nothing.

    Parameters
    ----------
    notes
        ``case_id, note_id, date, text``.
    cases
        Needs ``case_id`` and the column `by`; cases where it is blank are left out.
    by
        The column that makes the groups; each group is set against all others.
    codings
        When given, the terms are codes, and pairs of codes in one note (``a + b``), instead of words.
    min_cases
        Leave out terms that occur in fewer cases: they prove nothing and could point to a family.
    lemmatise
        Bring words to their dictionary form first (simplemma, Danish).
    level
        Confidence level of the interval.
    draws, seed
        Bootstrap samples, and where they start.

    Returns
    -------
    pandas.DataFrame
        One row per group and term, the surest first within each group: ``group, term``, ``cases_in, of_in,
        cases_out, of_out`` (cases with the term), ``rate_in, rate_out`` (mean per 1,000 words of a case),
        ``log_ratio`` (base 2, Hardie's, with half an occurrence added to both sides) with ``low`` and
        ``high``, ``dispersion`` (Gries' DP over all cases: 0 evenly spread, near 1 in few cases), ``p``
        (Fisher's exact test on cases) and ``p_adjusted`` (Benjamini and Hochberg's, over all rows).

    Raises
    ------
    InputError
        When `by` is missing, or there are fewer than two groups.

    Notes
    -----
    Hardie 2014, "Log Ratio: an informal introduction"; Gries 2008, "Dispersions and adjusted frequencies in
    corpora", International Journal of Corpus Linguistics 13; Benjamini and Hochberg 1995.

    Examples
    --------
    >>> texts = ["vi taler om tillid", "tillid igen", "stor tillid"] * 2 + ["vi taler om skolen"] * 6
    >>> names = [f"S{i}" for i in range(12)]
    >>> notes = pd.DataFrame({"case_id": names, "note_id": names, "date": pd.NaT, "text": texts})
    >>> cases = pd.DataFrame({"case_id": notes["case_id"], "goal_attainment": ["i mål"] * 6 + ["på vej"] * 6})
    >>> found = keyness(notes, cases)
    >>> found.loc[found["group"] == "i mål", ["term", "cases_in", "cases_out"]].values.tolist()[0]
    ['tillid', 6, 0]
    """
    if by not in cases:
        raise InputError(f"the cases lack the column {by}", fix="pass another column as by=")
    group = cases.set_index("case_id")[by].dropna()
    notes = notes[notes["case_id"].isin(group.index)]
    group = group.loc[notes["case_id"].unique()]
    if group.nunique() < 2:
        raise InputError("there are fewer than two groups of cases with notes", fix="choose another by=")
    words = _word_counts(notes, lemmatise=lemmatise)
    totals = words.groupby("case_id")["count"].sum().reindex(group.index, fill_value=0).to_numpy(dtype=float)
    counted = words if codings is None else _code_counts(codings, notes)
    spread_out = counted.groupby("term")["case_id"].nunique()
    counted = counted[counted["term"].isin(spread_out.index[spread_out >= min_cases])]
    table = counted.pivot(index="case_id", columns="term", values="count").reindex(group.index).fillna(0)
    if table.shape[1] == 0:
        raise InputError(f"no term occurs in {min_cases} cases", fix="lower min_cases")
    counts = table.to_numpy(dtype=float)
    dispersion = _dispersion(counts, totals)
    parts = []
    for name in sorted(group.unique()):
        part = _set_apart(counts, totals, (group == name).to_numpy(), level=level, draws=draws, seed=seed)
        parts.append(part.assign(group=name, term=table.columns, dispersion=dispersion))
    out = pd.concat(parts, ignore_index=True)
    out["p_adjusted"] = stats.false_discovery_control(out["p"])
    first = ["group", "term", "cases_in", "of_in", "cases_out", "of_out", "rate_in", "rate_out"]
    out = out[[*first, "log_ratio", "low", "high", "dispersion", "p", "p_adjusted"]]
    return out.sort_values(["group", "p", "log_ratio"], ascending=[True, True, False], ignore_index=True)


def _word_counts(notes: pd.DataFrame, *, lemmatise: bool) -> pd.DataFrame:
    counts: dict[str, Counter[str]] = {}
    for case_id, text in zip(notes["case_id"], notes["text"], strict=True):
        counts.setdefault(case_id, Counter()).update(_WORD.findall(text.lower()))
    rows = [(case, word, number) for case, words in counts.items() for word, number in words.items()]
    table = pd.DataFrame(rows, columns=["case_id", "term", "count"])
    if lemmatise:
        table["term"] = table["term"].map(_lemma)
    return table.groupby(["case_id", "term"], as_index=False)["count"].sum()


@lru_cache(maxsize=200_000)
def _lemma(word: str) -> str:
    return simplemma.lemmatize(word, lang="da").lower()


def _code_counts(codings: pd.DataFrame, notes: pd.DataFrame) -> pd.DataFrame:
    units = coded_units(check_codings(codings[codings["note_id"].isin(notes["note_id"])]), notes)
    single = units.groupby(["case_id", "code"]).size().reset_index(name="count")
    pairs: Counter[tuple[str, str]] = Counter()
    for (case_id, _), codes in units.groupby(["case_id", "note_id"])["code"]:
        for a, b in combinations(sorted(codes.unique()), 2):
            if not b.startswith(f"{a}/"):
                pairs[case_id, f"{a} + {b}"] += 1
    paired = pd.DataFrame(
        [(*key, number) for key, number in pairs.items()], columns=["case_id", "term", "count"]
    )
    return pd.concat([single.rename(columns={"code": "term"}), paired], ignore_index=True)


def _set_apart(
    counts: Floats, totals: Floats, inside: np.ndarray, *, level: float, draws: int, seed: int
) -> pd.DataFrame:
    occurs = counts > 0
    in_, out = occurs[inside].sum(axis=0), occurs[~inside].sum(axis=0)
    n_in, n_out = int(inside.sum()), int((~inside).sum())
    p = [
        exact_test([[a, n_in - a], [b, n_out - b]])[0]
        for a, b in zip(in_.tolist(), out.tolist(), strict=True)
    ]
    rates = counts / np.maximum(totals, 1)[:, None] * _PER
    half = 0.5 / np.maximum(totals.sum(), 1) * _PER
    rate_in, rate_out = rates[inside].mean(axis=0), rates[~inside].mean(axis=0)
    drawn_in = resampling_weights(n_in, draws, seed) @ rates[inside] / n_in
    drawn_out = resampling_weights(n_out, draws, seed + 1) @ rates[~inside] / n_out
    ratios = np.log2((drawn_in + half) / (drawn_out + half))
    low, high = np.quantile(ratios, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return pd.DataFrame(
        {
            "cases_in": in_,
            "of_in": n_in,
            "cases_out": out,
            "of_out": n_out,
            "rate_in": rate_in,
            "rate_out": rate_out,
            "log_ratio": np.log2((rate_in + half) / (rate_out + half)),
            "low": low,
            "high": high,
            "p": np.nan_to_num(np.array(p), nan=1.0),
        }
    )


def _dispersion(counts: Floats, totals: Floats) -> Floats:
    """Gries' DP: half the sum of the differences between a case's share of the term and of all words."""
    return 0.5 * np.abs(counts / counts.sum(axis=0) - (totals / totals.sum())[:, None]).sum(axis=0)
