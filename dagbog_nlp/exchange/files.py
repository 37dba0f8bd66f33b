"""Files and zip files of other programs, read without trusting them."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from types import TracebackType

from dagbog_nlp.errors import ExchangeError

LARGEST_TOTAL = 4 * 2**30
LARGEST_MEMBER = 2**31 - 1
_LARGEST_RATIO = 250
_SMALL = 2**24
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


def read_limited(path: str | Path, limit: int = LARGEST_MEMBER) -> bytes:
    """Read a file, or say that it is missing, a folder, or too large."""
    file = Path(path)
    try:
        size = file.stat().st_size
        data = b"" if size > limit else file.read_bytes()
    except OSError as error:
        raise ExchangeError(
            f"the file cannot be read ({type(error).__name__})", file=file, fix="check the path"
        ) from None
    if size > limit:
        raise ExchangeError(
            f"the file is larger than {limit} bytes", file=file, fix="export fewer notes at a time"
        )
    return data


class SafeZip:
    """A zip file from another program, of which nothing is unpacked to disk.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ExchangeError
        When it is no zip file, is damaged or encrypted, or unpacks to more than it may.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self._zip = zipfile.ZipFile(self.path)
        except _BROKEN as error:
            raise self._error(f"it is not a readable zip file ({type(error).__name__})") from None
        self._members = {info.filename: info for info in self._zip.infolist() if not info.is_dir()}
        self._lower = {name.replace("\\", "/").lower(): name for name in self._members}
        infos = self._members.values()
        if sum(info.file_size for info in infos) > LARGEST_TOTAL:
            raise self._error(f"it unpacks to more than {LARGEST_TOTAL} bytes")
        for info in infos:
            packed = max(info.compress_size, 1)
            if info.file_size > _SMALL and info.file_size / packed > _LARGEST_RATIO:
                raise self._error("a part of it unpacks to far more than it holds, as a zip bomb does")

    def __enter__(self) -> SafeZip:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def named(self, pattern: str) -> list[str]:
        """Names of the members whose whole name matches a regular expression, case ignored."""
        return [name for lower, name in self._lower.items() if re.fullmatch(pattern, lower)]

    def read(self, name: str) -> bytes:
        """Read a member.

        Raises
        ------
        ExchangeError
            When it is damaged, encrypted, or longer than it says.
        """
        info = self._members[name]
        try:
            with self._zip.open(info) as stream:
                data = stream.read(info.file_size + 1)
        except _BROKEN as error:
            raise self._error(f"a part of it is damaged or encrypted ({type(error).__name__})") from None
        return data

    def source(self, reference: str) -> str | None:
        """Name of the member that ``internal://`` points to; None when it is not there or leaves the zip."""
        if not reference.lower().startswith("internal://"):
            return None
        inside = PurePosixPath(reference[len("internal://") :].replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts:
            return None
        wanted = str(inside).lower()
        return next((self._lower[key] for key in (f"sources/{wanted}", wanted) if key in self._lower), None)

    def refuse_document_types(self) -> None:
        """Refuse XML with a document type, which could define entities that grow without end.

        Raises
        ------
        ExchangeError
            When a part of the file has one.
        """
        for name in self.named(r".*\.(xml|rels|vml)"):
            if b"<!DOCTYPE" in self.read(name):
                raise self._error("its XML holds a document type, which office files never do")

    def _error(self, problem: str) -> ExchangeError:
        return ExchangeError(
            problem, file=self.path, fix="export the project again from the program that made it"
        )
