"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagbog_nlp.errors import InputError


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Give a temporary file in the folder of `path`, and move it there when the block ends well.

    Raises
    ------
    InputError
        When the folder does not exist.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise InputError("the folder to write to does not exist", file=target, fix="make the folder first")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        give_usual_rights(temporary, 0o666)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def give_usual_rights(path: Path, rights: int) -> None:
    """Give a temporary file or folder the rights that a new one has, for it was made for its owner only."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(rights & ~mask)
