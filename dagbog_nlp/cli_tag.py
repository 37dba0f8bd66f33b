"""``dagbog tag``: code a year's notes in one go."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer
from joblib import effective_n_jobs

from dagbog_nlp.batch.folder import RunFolder, RunStopped
from dagbog_nlp.batch.outputs import Tagged
from dagbog_nlp.batch.run import make_plan
from dagbog_nlp.batch.run import tag as tag_files
from dagbog_nlp.cli_files import counted
from dagbog_nlp.errors import MissingColumnError
from dagbog_nlp.learning.model_store import SHIPPED, load
from dagbog_nlp.notes.stream import CHUNK_NOTES
from dagbog_nlp.tables import CASES, CASES_OPTIONAL, NOTES, NOTES_OPTIONAL

EXIT_BAD_INPUT = 2
EXIT_STOPPED = 3
EXIT_INTERRUPTED = 130

_COLUMNS = (*NOTES, *NOTES_OPTIONAL)

app = typer.Typer()


@app.command()
def tag(  # noqa: PLR0917 - each is an option of the command
    notes: Annotated[
        list[str],
        typer.Argument(help="Notater: csv, xlsx eller parquet; filer, mapper eller mønstre (*.csv)."),
    ],
    out: Annotated[Path, typer.Option(help="Mappe til resultatet. Et afbrudt løb fortsætter der.")],
    cases: Annotated[Path | None, typer.Option(help="Sagsdata: csv, xlsx eller parquet.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KOLONNE=OVERSKRIFT",
            help=f"Notaternes egne overskrifter, fx --column text=Notat. Kolonner: {', '.join(_COLUMNS)}.",
        ),
    ] = None,
    model: Annotated[str, typer.Option(help="Navn på en medfølgende model, eller en modelmappe.")] = SHIPPED,
    tier: Annotated[str | None, typer.Option(help="accurate eller fast; det bedste modellen har.")] = None,
    n_jobs: Annotated[int, typer.Option(help="Antal processer; -1 for alle kerner.")] = 1,
    on_change: Annotated[
        Literal["refuse", "recode"],
        typer.Option(
            help="Hvis mappen rummer et løb med andet input, model eller kodebog: afvis, eller kod om."
        ),
    ] = "refuse",
    chunk_notes: Annotated[int, typer.Option(help="Notater ad gangen.")] = CHUNK_NOTES,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop, før noget skrives, ved et fejlramt notat.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Sig, hvad der ville ske, og hvor længe.")
    ] = False,
    workbooks: Annotated[bool, typer.Option(help="Skriv også Excel-filerne.")] = True,
) -> None:
    """Kod alle notater, og saml dem i sagsprofiler.

    Slutkode: 0 færdig; 2 fejl i input eller valg, intet er ændret; 3 stoppet undervejs og 130 afbrudt:
    samme kommando fortsætter, hvor den slap.
    """
    columns = _own_headings(column or [])
    coder = load(model, tier=tier)
    try:
        if dry_run:
            _describe(notes, out, coder, columns=columns, n_jobs=n_jobs, chunk_notes=chunk_notes)
            return
        tagged = tag_files(
            notes,
            out,
            cases=cases,
            coder=coder,
            columns=columns,
            n_jobs=n_jobs,
            on_change=on_change,
            chunk_notes=chunk_notes,
            strict=strict,
            workbooks=workbooks,
        )
    except MissingColumnError as error:
        typer.echo(f"Fejl: {_missing_text(error)}", err=True)
        raise typer.Exit(EXIT_BAD_INPUT) from None
    except RunStopped as error:
        typer.echo(f"Stoppet: {error}", err=True)
        raise typer.Exit(EXIT_STOPPED) from None
    except KeyboardInterrupt:
        done = RunFolder(out).done_before()
        typer.echo(f"Afbrudt. {_done(done)}; giv samme kommando igen for at fortsætte.", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    typer.echo(summary_text(tagged))


def summary_text(tagged: Tagged) -> str:
    """Say in a few lines what a run found: codes by count, the cases with most doubt, what was left out."""
    counts = tagged.summary["counts"]
    lines = [
        f"{_notes(counts['coded'])} kodet: {counted(counts['codings'], 'kodning', 'kodninger')} i "
        f"{counted(counts['cases'], 'sag', 'sager')} ({_duration(tagged.summary['seconds']['all'])})."
    ]
    if before := counts["chunks_of_an_earlier_run"]:
        parts = counted(counts["chunks"], "del", "dele")
        lines.append(f"{before} af {parts} var {'færdig' if before == 1 else 'færdige'} i forvejen.")
    lines += ["", _table(tagged.codes[["label", "codings", "notes"]], ["Kode", "Kodninger", "Notater"])]
    if len(tagged.most_doubt):
        headings = ["Sag", "Sætninger", "Notater med tvivl", "Notater"]
        lines += ["", "Sagerne med mest professionel tvivl", _table(tagged.most_doubt, headings)]
    if counts["exceptions"]:
        reasons = _reasons(tagged.exceptions["reason"])
        lines += ["", f"{_notes(counts['exceptions'])} kunne ikke kodes ({reasons}); se exceptions.csv."]
    if tagged.summary["notes_without_case_data"]:
        lines += ["", f"{_notes(tagged.summary['notes_without_case_data'])} hører til sager uden sagsdata."]
    if tagged.summary["left_out_for_excel"]:
        lines += ["", f"For stort til Excel og udeladt: {', '.join(tagged.summary['left_out_for_excel'])}."]
    return "\n".join([*lines, "", f"Resultatet ligger i {tagged.folder}."])


def _own_headings(given: list[str]) -> dict[str, str]:
    """Read ``text=Notat`` as the mapping that ``read_notes(columns=)`` takes."""
    columns: dict[str, str] = {}
    for item in given:
        name, _, heading = item.partition("=")
        if name not in _COLUMNS or not heading:
            raise typer.BadParameter(
                f"{item!r} skal være KOLONNE=OVERSKRIFT med en af kolonnerne {', '.join(_COLUMNS)}",
                param_hint="--column",
            )
        if heading in columns:
            raise typer.BadParameter(f"{heading!r} er nævnt to gange", param_hint="--column")
        columns[heading] = name
    return columns


def _missing_text(error: MissingColumnError) -> str:
    """Say which column is missing, and what to write."""
    file = error.file or "filen"
    columns = ("kolonnen " if len(error.missing) == 1 else "kolonnerne ") + ", ".join(error.missing)
    known = _COLUMNS if error.table == "notes" else (*CASES, *CASES_OPTIONAL)
    unknown = [heading for heading in error.found if error.given or heading not in known]
    headings = ", ".join(unknown) or "ingen"
    if error.given:
        return f"{file} har ikke {columns}. Overskrifterne er: {headings}."
    if error.table != "notes":
        return f"{file} mangler {columns}. Overskrifter, der ikke er genkendt: {headings}."
    heading = unknown[0] if len(unknown) == len(error.missing) == 1 else "OVERSKRIFT"
    options = " ".join(f'--column {name}="{heading}"' for name in error.missing)
    return (
        f"{file} mangler {columns}. Overskrifter, der ikke er genkendt: {headings}. "
        f"Skriv, hvilken overskrift der menes: {options}"
    )


def _describe(
    notes: list[str], out: Path, coder: object, *, columns: Mapping[str, str], n_jobs: int, chunk_notes: int
) -> None:
    plan = make_plan(notes, coder, columns=columns, chunk_notes=chunk_notes)
    folder = RunFolder(out)
    earlier = folder.manifest()
    lines = [
        f"{_notes(plan.stream.notes)} i {counted(len(plan.stream.files), 'fil', 'filer')}, "
        f"{counted(len(plan.stream.chunks), 'del', 'dele')}."
    ]
    if plan.stream.bad:
        reasons = _reasons(note.reason for note in plan.stream.bad)
        lines.append(f"{_notes(len(plan.stream.bad))} kan ikke kodes ({reasons}).")
    share = 1.0
    if earlier is not None and (different := plan.differences(earlier)):
        lines.append(
            f"Mappen rummer et andet løb (forskel: {', '.join(different)}): --on-change recode koder om."
        )
    elif earlier is not None:
        done = folder.done_before()
        share = 1 - done / len(plan.stream.chunks)
        lines.append(f"{_done(done)} allerede.")
    seconds = share * plan.seconds(coder, effective_n_jobs(n_jobs))
    lines.append(f"Skønnet tid: {_duration(seconds)}. Intet er skrevet.")
    typer.echo("\n".join(lines))


def _notes(count: int) -> str:
    return counted(count, "notat", "notater")


def _done(parts: int) -> str:
    return "1 del er færdig" if parts == 1 else f"{parts} dele er færdige"


def _reasons(reasons: Iterable[str]) -> str:
    return ", ".join(f"{reason}: {count}" for reason, count in Counter(reasons).most_common())


def _table(frame: pd.DataFrame, headings: list[str]) -> str:
    rows = [headings, *([str(value) for value in row] for row in frame.itertuples(index=False))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    )


def _duration(seconds: float) -> str:
    return (
        str(dt.timedelta(seconds=round(seconds))) if seconds >= 60 else f"{seconds:.1f} s".replace(".", ",")
    )
