"""Counts and profiles of a run, made from its parts a piece at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from dagbog_nlp.batch.by_case import rows_by_batch
from dagbog_nlp.batch.folder import RunFolder
from dagbog_nlp.cases.profiles import Profiles, profile_cases

PROFILED_NOTES = 10_000
_MOST_BATCHES = 200
_COLUMNS = {
    "notes": ["case_id", "note_id", "date", "characters"],
    "codings": ["case_id", "note_id", "date", "start", "end", "code", "score", "source", "coder"],
}


def count_codes(folder: RunFolder, rows: list[tuple[int, int]], codebook: Any) -> pd.DataFrame:
    """Count codings and notes per code.

    Parameters
    ----------
    folder
        The run's.
    rows
        Number of each chunk, and its codings.
    codebook
        Gives the labels; None without.

    Returns
    -------
    pandas.DataFrame
        ``code, label, codings, notes``, most codings first.
    """
    codings, notes = Counter[str](), Counter[str]()
    for part in folder.parts("codings", rows, ["code", "note_id"]):
        counted = part.group_by("code").aggregate([("note_id", "count"), ("note_id", "count_distinct")])
        found = counted["code"].to_pylist()
        codings.update(dict(zip(found, counted["note_id_count"].to_pylist(), strict=True)))
        notes.update(dict(zip(found, counted["note_id_count_distinct"].to_pylist(), strict=True)))
    most_first = sorted(codings, key=lambda code: (-codings[code], code))
    table = [(code, _own_label(code, codebook), codings[code], notes[code]) for code in most_first]
    kinds = {"code": "str", "label": "str", "codings": "int64", "notes": "int64"}
    return pd.DataFrame(table, columns=pd.Index(list(kinds))).astype(kinds)


def _own_label(code: str, codebook: Any) -> str:
    """Give a code's label; a parent's own codings are those that no subcode was sure enough for."""
    if codebook is None or code not in codebook:
        return code
    has_subcodes = any(path.startswith(f"{code}/") for path in codebook.paths)
    label = str(codebook[code].label)
    return f"{label} (uden underkode)" if has_subcodes else label


def profile_in_batches(
    folder: RunFolder,
    rows: Mapping[str, list[tuple[int, int]]],
    codes: list[str],
    cases: pd.DataFrame | None,
    errors: pd.DataFrame | None = None,
) -> Iterator[Profiles]:
    """Profile the cases, as many at a time as have some 10,000 notes, or a 200th of all where that is more.

    Parameters
    ----------
    folder
        The run's.
    rows
        Number of each chunk and its rows, for ``notes`` and for ``codings``.
    codes
        The codes to profile; the same in each batch.
    cases
        The cases table; the cases of the notes when None.
    errors
        The coder's known error, which ``expected`` is corrected for.
    """
    sizes = Counter[str]()
    for part in folder.parts("notes", rows["notes"], ["case_id"]):
        sizes.update(part["case_id"].to_pylist())
    batches = list(_batches(list(sizes) if cases is None else cases["case_id"].tolist(), sizes))
    first = 0
    for batch, tables in zip(batches, rows_by_batch(folder, rows, _COLUMNS, batches), strict=True):
        notes = tables["notes"]
        notes["text"] = [" " * characters for characters in notes.pop("characters")]  # lengths are checked
        their_cases = None if cases is None else cases.iloc[first : first + len(batch)]
        first += len(batch)
        yield profile_cases(tables["codings"], notes, their_cases, codes=codes, errors=errors)


def codes_to_profile(found: list[str], codebook: Any) -> list[str]:
    """The codes found and their parents, in the codebook's order.

    Examples
    --------
    >>> codes_to_profile(["b/x", "a"], None)
    ['a', 'b', 'b/x']
    """
    names = {code.rpartition("/")[0] for code in found if "/" in code} | set(found)
    if codebook is None:
        return sorted(names)
    known = [code for code in codebook.paths if code in names]
    return known + sorted(names - set(known))


def _batches(case_ids: list[str], sizes: Counter[str]) -> Iterator[list[str]]:
    """Divide the cases; one without notes goes with one that has some, as there must be notes to profile."""
    enough = max(PROFILED_NOTES, sum(sizes.values()) // _MOST_BATCHES)
    batch: list[str] = []
    held = 0
    for case_id in case_ids:
        if held >= enough and case_id in sizes:
            yield batch
            batch, held = [], 0
        batch.append(case_id)
        held += sizes[case_id]
    if held:
        yield batch
