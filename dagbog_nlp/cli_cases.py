"""``dagbog profile`` and ``dagbog tables``: from codings to case profiles and the report's tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer

from dagbog_nlp.cases.cross_table import CrossTable
from dagbog_nlp.cases.crosstabs import (
    alliance_table,
    effect_table,
    enrolment_table,
    grants_table,
    network_table,
    problem_table,
    severity_table,
    team_table,
)
from dagbog_nlp.cases.profiles import profile_cases
from dagbog_nlp.cases.reflection import reflection_table
from dagbog_nlp.cli_files import counted, read_codings, write_table
from dagbog_nlp.errors import InputError
from dagbog_nlp.notes.read import read_cases, read_notes

app = typer.Typer()

NotesFile = Annotated[Path, typer.Argument(help="Notater: csv, xlsx eller parquet.")]
CodingsFile = Annotated[Path, typer.Argument(help="Kodninger: csv, xlsx eller parquet.")]
Source = Annotated[str | None, typer.Option(help="Kun kodninger herfra: keyword, classifier eller manual.")]
Coder = Annotated[str | None, typer.Option(help="Kun denne koders kodninger.")]
MinScore = Annotated[float | None, typer.Option(help="Kun kodninger med mindst denne score, 0-1.")]


@app.command()
def profile(
    *,
    notes: NotesFile,
    codings: CodingsFile,
    out: Annotated[Path, typer.Option(help="Filen med profilerne: csv, xlsx eller parquet.")],
    cases: Annotated[Path | None, typer.Option(help="Sager: csv, xlsx eller parquet.")] = None,
    wide: Annotated[bool, typer.Option(help="En række pr. sag og en kolonne pr. kode.")] = False,
    source: Source = None,
    coder: Coder = None,
    min_score: MinScore = None,
) -> None:
    """Tæl hver kode i hver sag, med andel af notater, usikkerhed og forløb."""
    table = profile_cases(
        read_codings(codings),
        read_notes(notes),
        None if cases is None else read_cases(cases),
        source=source,
        coder=coder,
        min_score=min_score,
    )
    write_table(table.wide().reset_index() if wide else pd.DataFrame(table), out)
    typer.echo(
        f"{counted(table['case_id'].nunique(), 'sag', 'sager')} og "
        f"{counted(table['code'].nunique(), 'kode', 'koder')} står i {out}."
    )


@app.command()
def tables(
    *,
    notes: NotesFile,
    codings: CodingsFile,
    cases: Annotated[Path, typer.Argument(help="Sager med målopnåelse: csv, xlsx eller parquet.")],
    out: Annotated[Path, typer.Option(help="Mappen til tabellerne.")],
    limit: Annotated[int, typer.Option(help="Skjul antal sager under dette.")] = 5,
    raw: Annotated[bool, typer.Option(help="Skjul intet: kun til eget brug.")] = False,
    language: Annotated[str, typer.Option(help="da eller en.")] = "da",
    source: Source = None,
    coder: Coder = None,
    min_score: MinScore = None,
) -> None:
    """Skriv rapportens tabeller som html, png og csv; små tal er skjult."""
    if language not in ("da", "en"):
        raise InputError("the language is neither da nor en", fix="pass --language da")
    words: Literal["da", "en"] = "da" if language == "da" else "en"
    known = read_cases(cases)
    profiles = profile_cases(
        read_codings(codings), read_notes(notes), known, source=source, coder=coder, min_score=min_score
    )
    out.mkdir(parents=True, exist_ok=True)
    for name, table in _report_tables(profiles, known):
        shown = table if raw else table.protected(limit=limit)
        shown.to_html(out / f"{name}.html", language=words, protect=not raw)
        shown.to_png(out / f"{name}.png", language=words, protect=not raw)
        shown.to_csv(out / f"{name}.csv", language=words, protect=not raw)
        typer.echo(f"{name}: {shown.title[words]}")
    typer.echo(f"Tabellerne ligger i {out}.")


def _report_tables(profiles: pd.DataFrame, cases: pd.DataFrame) -> Iterator[tuple[str, CrossTable]]:
    """The tables that the columns of the cases allow."""
    yield "tabel_2_effekt", effect_table(cases)
    yield "tabel_4_alliance", alliance_table(profiles, cases)
    if "severity" in cases:
        yield "tabel_3_problemgrad", severity_table(cases)
        yield "tabel_5_reflekteret_justering", reflection_table(profiles, cases)
    if "problems" in cases:
        yield "problemkategori", problem_table(cases)
    if "team" in cases:
        yield "team", team_table(cases)
    if {"enrolled", "discharged"} <= set(cases.columns):
        yield "indskrivning", enrolment_table(cases)
    if "grants" in cases:
        yield "bevillinger", grants_table(cases)
    if "network_meeting" in cases:
        yield "netværksmøde", network_table(cases)
