"""``dagbog review``, ``dagbog exchange`` and ``dagbog agree``."""

from __future__ import annotations

import typer

app = typer.Typer()
