"""The codebook: which codes there are, what they mean, and which words carry the keyword codes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
import srsly
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dagbog_nlp.atomic import atomic
from dagbog_nlp.errors import CodebookError

_LISTS = ("examples", "counter_examples", "words", "exclude_words", "keep")


class Keywords(BaseModel):
    """The rules of a keyword code.

    Attributes
    ----------
    words
        What to find. A plain word takes its inflections, spelling variants, misspellings and the
        compounds that end in it; a glob (``trøst*``) takes what it spells; several words are a phrase.
    exclude
        The same, for what is not this code. A phrase shuts out every hit that it covers.
    keep
        Phrases that bring an excluded hit back.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    words: list[str] = Field(min_length=1)
    exclude: list[str] = []
    keep: list[str] = []


class Code(BaseModel):
    """One code of the codebook.

    Attributes
    ----------
    path
        Its place, such as ``relationsarbejde/kontakt``; a subcode implies its parent.
    label, label_en
        Its name for readers, in Danish and in English.
    definition, include, exclude
        What it means, what belongs to it and what does not, for human coders.
    examples, counter_examples
        Invented sentences that carry the code, and that seem to but do not.
    colour
        ``#RRGGBB``, for exchange files and pictures.
    classified
        Whether a trained classifier codes it.
    keywords
        The rules, when words carry the code.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    path: str = Field(pattern=r"^[^/\s][^/]*(/[^/]+)*$")
    label: str = ""
    label_en: str = ""
    definition: str = ""
    include: str = ""
    exclude: str = ""
    examples: list[str] = []
    counter_examples: list[str] = []
    colour: str = Field(default="#7F7F7F", pattern=r"^#[0-9A-Fa-f]{6}$")
    classified: bool = False
    keywords: Keywords | None = None


class Codebook(BaseModel):
    """The codes in order, and the word lists that their rules share.

    Raises
    ------
    CodebookError
        By :meth:`load`, :meth:`add` and :meth:`from_frame`, on an unknown parent, a doubled path
        or a field that is not as it must be.

    Examples
    --------
    >>> book = Codebook.load()
    >>> book["professionel_tvivl"].label
    'Professionel tvivl'
    >>> book.add("relationsarbejde/tryghed", words=["tryg*"], exclude=["trygdeydelse"]).path
    'relationsarbejde/tryghed'
    >>> "relationsarbejde/tryghed" in book.keyword_codes
    True
    """

    model_config = ConfigDict(extra="forbid")

    name: str = "Kodebog"
    language: str = "da"
    lists: dict[str, list[str]] = {}
    codes: list[Code] = []

    @classmethod
    def load(cls, path: str | Path | None = None) -> Codebook:
        """Read a codebook from YAML or JSON; without `path`, the one that ships."""
        file = (
            Path(str(resources.files("dagbog_nlp") / "resources" / "familiecenter.yaml"))
            if path is None
            else Path(path)
        )
        if not file.is_file():
            raise CodebookError("there is no such codebook", file=file, fix="check the path")
        try:
            data = srsly.read_json(file) if file.suffix == ".json" else srsly.read_yaml(file)
        except ValueError:
            raise CodebookError("it is not readable", file=file, fix="mend the file's layout") from None
        return cls._checked(data, file)

    @classmethod
    def _checked(cls, data: Any, file: Path | None = None) -> Codebook:
        try:
            book = cls.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            where = " > ".join(str(part) for part in first["loc"])
            raise CodebookError(f"{where}: {first['msg']}", file=file, fix="correct this field") from None
        seen: set[str] = set()
        for code in book.codes:
            book._check_place(code.path, seen, file)
            seen.add(code.path)
        return book

    @staticmethod
    def _check_place(path: str, seen: Iterable[str], file: Path | None = None) -> None:
        if path in seen:
            raise CodebookError(f"the code {path} occurs twice", file=file, fix="keep one of them")
        parent = path.rpartition("/")[0]
        if parent and parent not in seen:
            raise CodebookError(
                f"the code {path} has no parent {parent}",
                file=file,
                fix=f"put {parent} before it, or correct the path",
            )

    def save(self, path: str | Path) -> Path:
        """Write the codebook as YAML (JSON when `path` ends in .json), whole or not at all."""
        file = Path(path)
        data = self.model_dump(exclude_defaults=True) | {"name": self.name, "language": self.language}
        text = srsly.json_dumps(data, indent=2) if file.suffix == ".json" else srsly.yaml_dumps(data)
        with atomic(file) as temporary:
            temporary.write_text(text, encoding="utf-8")
        return file

    def __iter__(self) -> Iterator[Code]:  # type: ignore[override]
        return iter(self.codes)

    def __len__(self) -> int:
        return len(self.codes)

    def __contains__(self, path: object) -> bool:
        return any(code.path == path for code in self.codes)

    def __getitem__(self, path: str) -> Code:
        for code in self.codes:
            if code.path == path:
                return code
        known = ", ".join(self.paths)
        raise CodebookError(f"the codebook has no code {path}", fix=f"use one of {known}")

    @property
    def paths(self) -> list[str]:
        """Every code's path, in order."""
        return [code.path for code in self.codes]

    @property
    def families(self) -> list[str]:
        """The top-level paths."""
        return [path for path in self.paths if "/" not in path]

    @property
    def classified(self) -> list[str]:
        """The paths that a trained classifier codes."""
        return [code.path for code in self.codes if code.classified]

    @property
    def keyword_codes(self) -> list[str]:
        """The paths that have keyword rules."""
        return [code.path for code in self.codes if code.keywords]

    def parent(self, path: str) -> str | None:
        """Return the path of the code above, or None at the top."""
        return self[path].path.rpartition("/")[0] or None

    def add(
        self,
        path: str,
        words: Sequence[str] = (),
        *,
        exclude: Sequence[str] = (),
        label: str = "",
        definition: str = "",
        keep: Sequence[str] = (),
    ) -> Code:
        """Add a code; with `words`, it is a keyword autocoder from now on.

        Parameters
        ----------
        path
            Where it goes; its parent must exist.
        words, exclude, keep
            As in :class:`Keywords`.
        label, definition
            For readers; the label is made from the path when left out.

        Returns
        -------
        Code
            The new code.

        Raises
        ------
        CodebookError
            When the path is taken or has no parent, or a rule is not as it must be.
        """
        self._check_place(path, self.paths)
        try:
            code = Code(
                path=path,
                label=label or path.rpartition("/")[2].replace("_", " ").capitalize(),
                definition=definition,
                keywords=Keywords(words=list(words), exclude=list(exclude), keep=list(keep))
                if words
                else None,
            )
        except ValidationError as error:
            raise CodebookError(f"{path}: {error.errors()[0]['msg']}", fix="correct the call") from None
        self.codes.append(code)
        return code

    @property
    def hash(self) -> str:
        """12 hexadecimal digits of the content; equal content gives equal digits."""
        return hashlib.blake2b(self.model_dump_json().encode(), digest_size=6).hexdigest()

    def to_frame(self) -> pd.DataFrame:
        """Return one row per code, with lists as lines of text, as a spreadsheet shows it."""
        rows = []
        for code in self.codes:
            row = code.model_dump(exclude={"keywords"})
            rules = code.keywords
            row["words"] = rules.words if rules else []
            row["exclude_words"] = rules.exclude if rules else []
            row["keep"] = rules.keep if rules else []
            rows.append({name: "\n".join(value) if name in _LISTS else value for name, value in row.items()})
        return pd.DataFrame(rows)

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, lists: dict[str, list[str]] | None = None, name: str = "Kodebog"
    ) -> Codebook:
        """Build a codebook from what :meth:`to_frame` gives, as edited by hand.

        Parameters
        ----------
        frame
            Needs ``path``; other columns may be left out or blank.
        lists
            The word lists that the rules name with ``@``.
        name
            The codebook's name.
        """
        if "path" not in frame:
            raise CodebookError("the sheet has no column path", fix="add it")
        codes = []
        for record in frame.to_dict("records"):
            row = {str(key): value for key, value in record.items() if not _blank(value)}
            for key in _LISTS:
                if key in row:
                    row[key] = [line.strip() for line in str(row[key]).splitlines() if line.strip()]
            rules = {
                key: row.pop(column)
                for key, column in (("words", "words"), ("exclude", "exclude_words"), ("keep", "keep"))
                if column in row
            }
            codes.append(row | ({"keywords": rules} if rules else {}))
        return cls._checked({"name": name, "lists": lists or {}, "codes": codes})


def _blank(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or (isinstance(value, str) and not value.strip())
    )
