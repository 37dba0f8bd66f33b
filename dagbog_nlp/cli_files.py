"""What the commands share: the codings table in, a table of results out, numbers with their words."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from dagbog_nlp.cases.rendering import defused, write
from dagbog_nlp.errors import InputError
from dagbog_nlp.tables import check_codings


def read_codings(path: Path) -> pd.DataFrame:
    """Read a codings table from csv, xlsx or parquet.

    Raises
    ------
    InputError
        When the file cannot be read or is no codings table.
    """
    readers = {".parquet": pd.read_parquet, ".xlsx": pd.read_excel}
    try:
        if path.suffix.lower() in readers:
            frame = readers[path.suffix.lower()](path)
        else:
            frame = pd.read_csv(path, sep=None, engine="python", encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(
            "the codings cannot be read", file=path, fix="save them as csv, xlsx or parquet"
        ) from error
    return check_codings(frame, file=path.name)


def counted(count: int, one: str, many: str) -> str:
    """Write a number with the form of the word that fits it.

    Examples
    --------
    >>> counted(1, "sag", "sager"), counted(0, "sag", "sager")
    ('1 sag', '0 sager')
    """
    return f"{count} {one if count == 1 else many}"


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table whole or not at all, as csv, xlsx or parquet by the name's ending.

    Raises
    ------
    InputError
        On another ending.
    """
    made = io.BytesIO()
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        table.to_parquet(made, index=False)
    elif suffix == ".xlsx":
        with pd.ExcelWriter(
            made, engine="xlsxwriter", engine_kwargs={"options": {"strings_to_formulas": False}}
        ) as book:
            table.to_excel(book, index=False)
    elif suffix == ".csv":
        text = table.select_dtypes(include=["object", "str"]).columns
        safe = table.assign(**{name: table[name].map(defused, na_action="ignore") for name in text})
        made.write(safe.to_csv(index=False, sep=";", decimal=",").encode("utf-8-sig"))
    else:
        raise InputError(
            "this kind of file is not known", file=path, fix="end the name in .csv, .xlsx or .parquet"
        )
    write(path, made.getvalue())
