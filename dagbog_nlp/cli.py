"""The ``dagbog`` command: what an analyst does from a shell, one subcommand for each task."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dagbog_nlp import cli_cases, cli_review, cli_tag
from dagbog_nlp.cli_files import read_codings
from dagbog_nlp.errors import DagbogError
from dagbog_nlp.learning.evaluation import evaluate as evaluate_coder
from dagbog_nlp.learning.model_store import SHIPPED, load
from dagbog_nlp.learning.training import train as train_coder
from dagbog_nlp.notes.read import read_notes

EXIT_BAD_INPUT = 2

app = typer.Typer(
    name="dagbog",
    help="Kod danske dagbogsnotater, mål kodningen, og saml den i sagsprofiler. Alt bliver på din maskine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for part in (cli_tag, cli_cases, cli_review):
    app.registered_commands.extend(part.app.registered_commands)

NotesFile = Annotated[Path, typer.Argument(help="Notater: csv, xlsx eller parquet.")]
CodingsFile = Annotated[Path, typer.Argument(help="Manuelle kodninger: csv, xlsx eller parquet.")]
ModelName = Annotated[str, typer.Option(help="Navn på en medfølgende model, eller en modelmappe.")]


@app.command()
def train(
    notes: NotesFile,
    codings: CodingsFile,
    *,
    out: Annotated[Path, typer.Option(help="Mappe til den nye model.")],
    model: ModelName = SHIPPED,
    goal: Annotated[str, typer.Option(help="f1, recall>=0.9, precision>=0.9 eller cost=5.")] = "f1",
    min_cases: Annotated[int, typer.Option(help="Et ord huskes kun, hvis det findes i så mange sager.")] = 5,
) -> None:
    """Træn en model på egne kodninger, oven på en model der findes."""
    coder = train_coder(
        read_notes(notes),
        read_codings(codings),
        base=load(model),
        goal=goal,
        min_cases=min_cases,
        name=out.name,
    )
    coder.save(out)
    shown = coder.evaluation.table[["sentences", "precision", "recall", "f1"]].round(2)
    typer.echo(shown.assign(brug=coder.verdicts).to_string())
    typer.echo(f"Modellen ligger i {out} ({coder.model}).")


@app.command()
def evaluate(
    notes: NotesFile,
    codings: CodingsFile,
    model: ModelName = SHIPPED,
    out: Annotated[Path | None, typer.Option(help="Skriv tallene til denne csv-fil.")] = None,
) -> None:
    """Mål en model mod manuelle kodninger af de samme notater."""
    result = evaluate_coder(load(model), read_notes(notes), read_codings(codings))
    columns = ["sentences", "precision", "recall", "f1", "f1_low", "f1_high", "calibration_error"]
    typer.echo(result.table[columns].round(3).to_string())
    if out is not None:
        result.table.rename_axis("code").to_csv(out, sep=";", encoding="utf-8-sig")


def main() -> None:
    """Run the command; a mistake in the input ends with one line on stderr and exit status 2."""
    try:
        app()
    except DagbogError as error:
        typer.echo(f"Fejl: {error}", err=True)
        sys.exit(EXIT_BAD_INPUT)
