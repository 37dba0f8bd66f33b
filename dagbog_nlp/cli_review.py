"""``dagbog review``, ``dagbog exchange`` and ``dagbog agree``: people, other programs, agreement."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer

from dagbog_nlp.cli_files import counted, read_codings, write_table
from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.autocoder import Autocoder
from dagbog_nlp.errors import InputError
from dagbog_nlp.exchange.annotation_tasks import Annotations
from dagbog_nlp.exchange.codebooks import read_codebook, write_codebook
from dagbog_nlp.exchange.json_lines import read_jsonl, write_jsonl
from dagbog_nlp.exchange.label_studio import read_label_studio, write_label_studio
from dagbog_nlp.exchange.qdpx_read import QdaProject, read_qdpx
from dagbog_nlp.exchange.qdpx_write import write_qdpx
from dagbog_nlp.exchange.review_files import read_review, write_review
from dagbog_nlp.learning.agreement import agreement
from dagbog_nlp.learning.model_store import SHIPPED, load
from dagbog_nlp.learning.review import merge_reviews
from dagbog_nlp.learning.review_queue import review_queue
from dagbog_nlp.notes.read import read_cases, read_notes

app = typer.Typer()

NotesFile = Annotated[Path, typer.Argument(help="Notater: csv, xlsx eller parquet.")]
CodingsFile = Annotated[
    Path | None, typer.Option(help="Kodninger: csv, xlsx eller parquet. Ellers kodes med modellen.")
]
ModelName = Annotated[str, typer.Option(help="Navn på en medfølgende model, eller en modelmappe.")]
Target = Literal["standard", "qualcoder", "atlas.ti", "maxqda", "nvivo"]
_YAML = {".yaml", ".yml"}
_BOOKS = {".qdc", ".csv", ".xlsx", *_YAML}
_READERS: dict[str, Callable[..., QdaProject | Annotations]] = {
    ".qdpx": read_qdpx,
    ".json": read_label_studio,
    ".jsonl": read_jsonl,
}


@app.command()
def review(  # noqa: PLR0917 - each is an option of the command
    notes: NotesFile,
    out: Annotated[Path, typer.Option(help="review.html, review.xlsx; med --decisions en tabel.")],
    codings: CodingsFile = None,
    decisions: Annotated[
        list[Path] | None, typer.Option(help="Udfyldte gennemgange (.xlsx, .json), der skal læses ind.")
    ] = None,
    budget: Annotated[int, typer.Option(help="Antal sætninger; 0 for alle kodede.")] = 200,
    blind: Annotated[bool, typer.Option("--blind", help="Vis ingen forslag (til en anden koder).")] = False,
    reviewer: Annotated[str, typer.Option(help="Navnet på den, der gennemgår.")] = "",
    seed: Annotated[int, typer.Option(help="Stikprøvens frø.")] = 0,
    model: ModelName = SHIPPED,
) -> None:
    """Skriv en gennemgang af kodningerne, eller læs beslutningerne ind igen."""
    table = read_notes(notes)
    coder = load(model) if codings is None or (budget and not decisions) else None
    given = _given(codings, coder, table)
    if decisions:
        reviews = [read_review(path, notes=table) for path in decisions]
        merged = merge_reviews(given, reviews)
        write_table(merged.codings, out)
        write_table(merged.trail, out.with_name(f"{out.stem}-beslutninger{out.suffix}"))
        counts = merged.codings["verdict"].value_counts()
        typer.echo(", ".join(f"{count} {name}" for name, count in counts.items()))
        _tell(pd.concat([found.exceptions for found in reviews]))
        return
    queue = review_queue(coder.score(table), budget, codings=given, seed=seed) if coder and budget else None
    book = coder.codebook if coder else Codebook.load()
    path = write_review(out, table, given, queue=queue, codebook=book, blind=blind, reviewer=reviewer)
    if queue is not None:
        write_table(queue, path.with_name(f"{path.stem}-udvalg.csv"))
    typer.echo(f"{path} er skrevet. Den indeholder notaternes tekst.")


@app.command()
def exchange(  # noqa: PLR0917 - each is an option of the command
    source: Annotated[
        Path, typer.Argument(help="Notater, eller en fil fra et andet program, eller en kodebog.")
    ],
    out: Annotated[
        Path, typer.Option(help="Endelsen siger hvad: .qdpx .qdc .json .jsonl .csv .xlsx .parquet")
    ],
    codings: CodingsFile = None,
    cases: Annotated[Path | None, typer.Option(help="Sagsdata: csv, xlsx eller parquet.")] = None,
    notes: Annotated[
        Path | None, typer.Option(help="Notaterne, som de blev sendt, når en fil læses ind.")
    ] = None,
    codebook: Annotated[Path | None, typer.Option(help="Kodebog: yaml, xlsx, csv eller qdc.")] = None,
    target: Annotated[Target, typer.Option(help="Programmet, der skal åbne filen.")] = "standard",
    portable: Annotated[bool, typer.Option("--portable", help="Erstat emoji i teksten.")] = False,
    split: Annotated[
        Literal["case", "month"] | None, typer.Option(help="case eller month: en fil pr. sag eller måned.")
    ] = None,
    model: ModelName = SHIPPED,
) -> None:
    """Udveksl kodninger med NVivo, ATLAS.ti, MAXQDA, QualCoder, Label Studio, doccano og Prodigy."""
    kind, to = source.suffix.lower(), out.suffix.lower()
    if kind in _YAML | {".qdc"} or to in _YAML | {".qdc"}:
        book = _book(source)
        typer.echo(f"{book.save(out) if to in _YAML else write_codebook(out, book)} er skrevet.")
        return
    if kind in _READERS:
        sent = read_notes(notes) if notes else None
        found = _READERS[kind](source, notes=sent, codebook=_book(codebook))
        write_table(found.codings, out)
        typer.echo(
            f"{counted(len(found.codings), 'kodning', 'kodninger')} fra "
            f"{counted(len(found.notes), 'notat', 'notater')} er skrevet til {out}."
        )
        _tell(found.exceptions)
        return
    table = read_notes(source)
    coder = None if codings else load(model)
    given = _given(codings, coder, table)
    book = coder.codebook if coder and codebook is None else _book(codebook)
    if to == ".qdpx":
        known = read_cases(cases) if cases else None
        parts = write_qdpx(
            out, table, given, known, codebook=book, target=target, portable=portable, split=split
        )
    elif to == ".json":
        parts = write_label_studio(out, table, given, codebook=book)
    elif to == ".jsonl":
        parts = [write_jsonl(out, table, given)]
    else:
        raise InputError(
            "this kind of file is not written", file=out, fix="end the name in .qdpx, .json or .jsonl"
        )
    typer.echo(
        f"{counted(len(parts), 'fil', 'filer')} skrevet, den første er {parts[0]}. "
        "De indeholder notaternes tekst."
    )


@app.command()
def agree(  # noqa: PLR0917 - each is an option of the command
    notes: NotesFile,
    first: Annotated[
        Path, typer.Argument(help="Kodninger (csv, xlsx, parquet, qdpx) eller en gennemgang (json).")
    ],
    second: Annotated[Path, typer.Argument(help="Den anden koders. Samme fil, når den rummer begge.")],
    coder_a: Annotated[str | None, typer.Option(help="Brug kun denne koder af den første fil.")] = None,
    coder_b: Annotated[str | None, typer.Option(help="Brug kun denne koder af den anden fil.")] = None,
    unit: Annotated[
        Literal["sentence", "note", "case", "character"], typer.Option(help="Enheden.")
    ] = "sentence",
    out: Annotated[Path | None, typer.Option(help="Skriv alle mål til denne fil.")] = None,
) -> None:
    """Mål enigheden mellem to kodere. Ukodede enheder tæller med. Den første er målestok."""
    table = read_notes(notes)
    pair = [_codings_of(path, table, coder) for path, coder in ((first, coder_a), (second, coder_b))]
    found = agreement(pair[0], pair[1], unit, notes=table)
    shown = found[["code", "units", "a", "b", "both", "percent", "kappa", "alpha", "ac1", "f1"]]
    typer.echo(shown.round(2).to_string(index=False))
    if out is not None:
        write_table(found, out)


def _given(codings: Path | None, coder: Autocoder | None, notes: pd.DataFrame) -> pd.DataFrame:
    return read_codings(codings) if codings else (coder or load(SHIPPED)).code(notes)


def _codings_of(path: Path, notes: pd.DataFrame, coder: str | None) -> pd.DataFrame:
    if path.suffix.lower() == ".qdpx":
        table = read_qdpx(path, notes=notes).codings
    elif path.suffix.lower() == ".json":
        table = read_review(path, notes=notes).codings()
    else:
        table = read_codings(path)
    if coder is None:
        return table
    if coder not in set(table["coder"]):
        raise InputError(
            f"there is no coder {coder}",
            file=path,
            fix=f"choose among {', '.join(sorted(set(table['coder'])))}",
        )
    return table[table["coder"] == coder]


def _book(path: Path | None) -> Codebook:
    if path is None:
        return Codebook.load()
    if path.suffix.lower() not in _BOOKS:
        raise InputError("this is no codebook", file=path, fix="give a .yaml, .xlsx, .csv or .qdc")
    return Codebook.load(path) if path.suffix.lower() in _YAML else read_codebook(path)


def _tell(exceptions: pd.DataFrame) -> None:
    if len(exceptions):
        typer.echo(f"{len(exceptions)} ting kunne ikke læses:", err=True)
        typer.echo(exceptions["problem"].value_counts().to_string(), err=True)
