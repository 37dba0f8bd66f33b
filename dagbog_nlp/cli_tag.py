"""``dagbog tag``: code a year's notes in one go."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer
from joblib import effective_n_jobs

from dagbog_nlp.batch.folder import RunFolder, RunStopped
from dagbog_nlp.batch.outputs import Tagged
from dagbog_nlp.batch.run import make_plan
from dagbog_nlp.batch.run import tag as tag_files
from dagbog_nlp.learning.model_store import SHIPPED, load
from dagbog_nlp.notes.stream import CHUNK_NOTES

EXIT_STOPPED = 3
EXIT_INTERRUPTED = 130

app = typer.Typer()


@app.command()
def tag(  # noqa: PLR0917 - each is an option of the command
    notes: Annotated[
        list[str],
        typer.Argument(help="Notater: csv, xlsx eller parquet; filer, mapper eller mønstre (*.csv)."),
    ],
    out: Annotated[Path, typer.Option(help="Mappe til resultatet. Et afbrudt løb fortsætter der.")],
    cases: Annotated[Path | None, typer.Option(help="Sagsdata: csv, xlsx eller parquet.")] = None,
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
    coder = load(model, tier=tier)
    if dry_run:
        _describe(notes, out, coder, n_jobs=n_jobs, chunk_notes=chunk_notes)
        return
    try:
        tagged = tag_files(
            notes,
            out,
            cases=cases,
            coder=coder,
            n_jobs=n_jobs,
            on_change=on_change,
            chunk_notes=chunk_notes,
            strict=strict,
            workbooks=workbooks,
        )
    except RunStopped as error:
        typer.echo(f"Stoppet: {error}", err=True)
        raise typer.Exit(EXIT_STOPPED) from None
    except KeyboardInterrupt:
        done = RunFolder(out).done_before()
        typer.echo(f"Afbrudt. {done} dele er færdige; giv samme kommando igen for at fortsætte.", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    typer.echo(summary_text(tagged))


def summary_text(tagged: Tagged) -> str:
    """Say in a few lines what a run found: codes by count, the cases with most doubt, what was left out."""
    counts = tagged.summary["counts"]
    lines = [
        f"{counts['coded']} notater kodet: {counts['codings']} kodninger i {counts['cases']} sager "
        f"({_duration(tagged.summary['seconds']['all'])})."
    ]
    if counts["chunks_of_an_earlier_run"]:
        lines.append(
            f"{counts['chunks_of_an_earlier_run']} af {counts['chunks']} dele var færdige i forvejen."
        )
    lines += ["", _table(tagged.codes[["label", "codings", "notes"]], ["Kode", "Kodninger", "Notater"])]
    if len(tagged.most_doubt):
        headings = ["Sag", "Sætninger", "Notater med tvivl", "Notater"]
        lines += ["", "Sagerne med mest professionel tvivl", _table(tagged.most_doubt, headings)]
    if counts["exceptions"]:
        reasons = ", ".join(f"{count} {reason}" for reason, count in _reasons(tagged.exceptions["reason"]))
        lines += ["", f"{counts['exceptions']} notater kunne ikke kodes ({reasons}); se exceptions.csv."]
    if tagged.summary["notes_without_case_data"]:
        lines += ["", f"{tagged.summary['notes_without_case_data']} notater hører til sager uden sagsdata."]
    if tagged.summary["left_out_for_excel"]:
        lines += ["", f"For stort til Excel og udeladt: {', '.join(tagged.summary['left_out_for_excel'])}."]
    return "\n".join([*lines, "", f"Resultatet ligger i {tagged.folder}."])


def _describe(notes: list[str], out: Path, coder: object, *, n_jobs: int, chunk_notes: int) -> None:
    plan = make_plan(notes, coder, chunk_notes=chunk_notes)
    folder = RunFolder(out)
    earlier = folder.manifest()
    lines = [
        f"{plan.stream.notes} notater i {len(plan.stream.files)} fil(er), {len(plan.stream.chunks)} dele."
    ]
    if plan.stream.bad:
        reasons = ", ".join(
            f"{count} {text}" for text, count in _reasons(note.reason for note in plan.stream.bad)
        )
        lines.append(f"{len(plan.stream.bad)} notater kan ikke kodes ({reasons}).")
    share = 1.0
    if earlier is not None and (different := plan.differences(earlier)):
        lines.append(
            f"Mappen rummer et andet løb (forskel: {', '.join(different)}): --on-change recode koder om."
        )
    elif earlier is not None:
        done = folder.done_before()
        share = 1 - done / len(plan.stream.chunks)
        lines.append(f"{done} dele er allerede færdige.")
    seconds = share * plan.seconds(coder, effective_n_jobs(n_jobs))
    lines.append(f"Skønnet tid: {_duration(seconds)}. Intet er skrevet.")
    typer.echo("\n".join(lines))


def _reasons(reasons: Iterable[str]) -> list[tuple[str, int]]:
    return Counter(reasons).most_common()


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
