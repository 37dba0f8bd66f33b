"""Write a table of the report: printed cells, HTML, picture, csv."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dagbog_nlp.atomic import atomic
from dagbog_nlp.cases.wording import Language, number, p_value, phrase

if TYPE_CHECKING:
    from dagbog_nlp.cases.cross_table import CrossTable

HIDDEN = "·"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def printed(table: CrossTable, language: Language, *, total: bool, intervals: bool) -> pd.DataFrame:
    """Give the table with ``18 (90%)`` in each cell and words for rows and columns."""
    low, high = (limits.to_numpy() for limits in (table.low, table.high))
    cells = [
        [
            cell(count, of, (low[i, j], high[i, j]) if intervals else None)
            for j, (count, of) in enumerate(zip(row, row_of, strict=True))
        ]
        for i, (row, row_of) in enumerate(zip(table.counts.to_numpy(), table.of.to_numpy(), strict=True))
    ]
    out = pd.DataFrame(cells, columns=[_label(table, name, language) for name in table.counts.columns])
    out.index = pd.Index([_label(table, name, language) for name in table.counts.index])
    if total:
        _add_totals(out, table, phrase("total", language))
    if len(table.test) > 1:
        adjusted = [
            p_value(p, language, banded=_is_banded(table)).removeprefix("p").lstrip(" =:")
            for p in table.test["p_adjusted"]
        ]
        out[phrase("adjusted", language)] = adjusted + [""] * (len(out) - len(adjusted))
    return out


def _add_totals(out: pd.DataFrame, table: CrossTable, word: str) -> None:
    whole = table.column_totals.sum() if table.column_totals.notna().all() else pd.NA
    own_base = {"column": [whole] * len(table.row_totals), "all": [whole] * len(table.row_totals)}
    bases = own_base.get(table.base, list(table.row_totals))
    out[word] = [cell(count, of) for count, of in zip(table.row_totals, bases, strict=True)]
    if len(table.counts) > 1:
        bases = list(table.column_totals) if table.base == "column" else [whole] * len(table.column_totals)
        row = [cell(count, of) for count, of in zip(table.column_totals, bases, strict=True)]
        out.loc[word] = [*row, cell(whole, whole)]


def cell(count: Any, of: Any, interval: tuple[float, float] | None = None) -> str:
    """Write a count with its percentage, halves rounded up: ``18 (90%)``."""
    if pd.isna(count):
        return HIDDEN
    if pd.isna(of) or of == 0:
        return str(count)
    percent = (200 * int(count) + int(of)) // (2 * int(of))
    limits = "" if interval is None else f" [{100 * interval[0]:.0f}-{100 * interval[1]:.0f}]"
    return f"{count} ({percent}%{limits})"


def _label(table: CrossTable, name: object, language: Language) -> str:
    return table.labels[str(name)][language] if str(name) in table.labels else str(name)


def footnotes(table: CrossTable, language: Language) -> list[str]:
    """Give the sentences under a table: what it holds, the test, what is hidden and left out."""
    lines = [table.note[language]]
    if len(table.test) == 1:
        lines.append(_test_line(table, language))
    if table.limit is not None and _is_banded(table):
        lines.append(phrase("hidden", language, limit=table.limit))
    if table.excluded and (table.limit is None or table.excluded >= table.limit):
        lines.append(phrase("excluded", language, n=table.excluded))
    return lines


def _test_line(table: CrossTable, language: Language) -> str:
    test = table.test.iloc[0]
    line = f"{phrase(test['test'], language)}: {p_value(test['p'], language, banded=_is_banded(table))}"
    if not np.isnan(test["value"]):
        limits = f"{number(test['low'], language)}-{number(test['high'], language)}"
        effect = f"{phrase(test['effect'], language)} = {number(test['value'], language)}"
        line += f"; {effect} ({phrase('interval', language)} {limits})"
    return line + "."


def _is_banded(table: CrossTable) -> bool:
    return table.limit is not None and bool(table.test["value"].isna().all())


def plain_html(table: CrossTable, language: Language) -> str:
    """Give the unprotected table for the analyst's own notebook."""
    notes = [*table.notes(language), phrase("uncontrolled", language)]
    return _html(table.to_frame(language, intervals=True), table.title[language], notes)


def _html(frame: pd.DataFrame, title: str, notes: Iterable[str]) -> str:
    below = "".join(f"<p><small>{escape(line)}</small></p>" for line in notes)
    return f"<h4>{escape(title)}</h4>{frame.to_html(border=0)}{below}"


def to_html(table: CrossTable, path: str | Path | None, language: Language) -> str:
    """Give the table as HTML and write it when a path is given."""
    frame = table.to_frame(language, intervals=table.limit is None)
    title, notes = table.title[language], table.notes(language)
    try:
        from great_tables import GT  # noqa: PLC0415  (optional)
    except ImportError:
        html = _html(frame, title, notes)
    else:
        safe = frame.map(escape).rename(index=escape, columns=escape)
        shown = GT(safe.rename_axis(" ").reset_index(), rowname_col=" ", id="tabel").tab_header(escape(title))
        shown = shown.cols_align("right", columns=[name for name in safe if safe[name].map(_is_figure).all()])
        for line in notes:
            shown = shown.tab_source_note(escape(line))
        html = shown.as_raw_html()
    if path is not None:
        write(path, html.encode("utf-8"))
    return html


def _is_figure(text: str) -> bool:
    return text in {"", HIDDEN} or text[0].isdigit() or text[0] in "<≥"


def to_png(table: CrossTable, path: str | Path, language: Language) -> None:
    """Write the table as a picture."""
    from matplotlib.figure import Figure  # noqa: PLC0415  (slow to import)

    frame = table.to_frame(language)
    notes = table.notes(language)
    widths = [max(len(str(text)) for text in [*frame.index, ""])]
    widths += [max(len(str(name)), *(len(text) for text in frame[name])) for name in frame]
    share = [width + 3 for width in widths]
    inches = max(5.0, 0.095 * sum(share))
    line = 0.3
    height = line * (len(frame) + 2.2) + 0.22 * len(notes)
    figure = Figure(figsize=(inches, height), dpi=200)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, sum(share)), ylim=(height, 0))
    edges = np.cumsum([0, *share])
    worded = {0, *(i + 1 for i, name in enumerate(frame) if not frame[name].map(_is_figure).all())}
    axes.text(1, 0.3, table.title[language], fontsize=11, fontweight="bold", va="center")
    lines = [
        ["", *map(str, frame.columns)],
        *([str(name), *row] for name, row in zip(frame.index, frame.to_numpy(), strict=True)),
    ]
    for number_of, row in enumerate(lines):
        y = line * (number_of + 2.2)
        for column, text in enumerate(row):
            x = edges[column] + 1 if column in worded else edges[column + 1] - 1
            axes.text(x, y, text, fontsize=9, va="center", ha="left" if column in worded else "right")
    for y in (line * 1.7, line * 2.7, line * (len(lines) + 1.7)):
        axes.axhline(y, color="black", linewidth=0.6)
    for number_of, text in enumerate(notes):
        axes.text(
            1, line * (len(lines) + 2.2) + 0.2 * number_of, text, fontsize=6.5, va="center", color="0.3"
        )
    with tempfile.TemporaryDirectory(dir=Path(path).resolve().parent) as folder:
        made = Path(folder) / "tabel.png"
        figure.savefig(made, bbox_inches="tight", pad_inches=0.1, metadata={"Software": None})
        made.replace(path)


def to_csv(table: CrossTable, path: str | Path, language: Language) -> None:
    """Write the printed table as csv that a spreadsheet takes as text, not as formulas."""
    frame = table.to_frame(language).rename(index=defused, columns=defused)
    write(path, frame.map(defused).to_csv(sep=";").encode("utf-8-sig"))


def defused(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula.

    Examples
    --------
    >>> defused("=1+1"), defused("Sandplay")
    ("'=1+1", 'Sandplay')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def write(path: str | Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_bytes(data)
