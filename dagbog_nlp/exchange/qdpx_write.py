"""Notes, codings and cases as a REFI-QDA project that NVivo, ATLAS.ti, MAXQDA and QualCoder open.

The REFI-QDA standard 1.5 (Rotterdam Exchange Format Initiative, 2019, qdasoftware.org) leaves room
for files that are valid and still lose data on import; every choice here avoids one such loss.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pandas as pd

from dagbog_nlp.atomic import atomic
from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import ExchangeError
from dagbog_nlp.exchange.attributes import declare
from dagbog_nlp.exchange.files import LARGEST_MEMBER
from dagbog_nlp.exchange.names import source_names, xml_text
from dagbog_nlp.exchange.positions import OWN_ORIGIN
from dagbog_nlp.exchange.qdpx_elements import Options, Project, case_elements, set_elements, source_elements
from dagbog_nlp.exchange.source_text import TARGETS
from dagbog_nlp.exchange.xml_write import Element, SubElement, document
from dagbog_nlp.tables import CODINGS, check_cases, check_codings, check_notes, empty

NAMESPACE = "urn:QDA-XML:project:1.0"
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def write_qdpx(
    path: str | Path,
    notes: pd.DataFrame,
    codings: pd.DataFrame,
    cases: pd.DataFrame | None = None,
    *,
    codebook: Codebook | None = None,
    target: Literal["standard", "qualcoder", "atlas.ti", "maxqda", "nvivo"] = "standard",
    portable: bool = False,
    newlines: Literal["keep", "space"] = "keep",
    split: Literal["case", "month"] | None = None,
    created: datetime | None = None,
) -> list[Path]:
    """Write notes and codings as a REFI-QDA project.

    Each coder is a user of the project, so a machine's codings can be filtered and compared like a
    person's. Score, method, rule and cue stand in the memo of each coded passage.

    Parameters
    ----------
    path
        The ``.qdpx`` file. It holds the notes' text: keep it where the notes may be.
    notes, codings, cases
        The tables. Further columns travel along.
    codebook
        Gives codes their names, colours and definitions.
    target
        "standard" is right for most programs. "qualcoder" also links notes to cases in QualCoder,
        "atlas.ti" and "maxqda" also make document groups per case and attribute. "nvivo" mirrors
        NVivo's own export (UTF-16 positions, CRLF); it has not been tried in NVivo itself.
    portable
        Replace emoji by U+FFFD in the file, so that programs that count them differently agree.
    newlines
        "space" writes line ends as spaces, so that programs that count them differently agree.
    split
        Write one file per case or per month, named after it: imports take minutes per thousand
        notes in some programs.
    created
        Time of the export; now, unless given. The same input and time give the same bytes.

    Returns
    -------
    list of Path
        The files written: one, or one per part.

    Raises
    ------
    InputError
        When a table breaks its contract or a text cannot be written.
    ExchangeError
        On an unknown target, a folder that does not exist, or a file too large for the standard.

    Notes
    -----
    Two places cannot be held by a file without CR and byte order mark: the one between the CR and
    the LF of one line end becomes the one before the CR, and the one before a byte order mark that
    begins a note becomes the one after it.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> notes = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "date": ["2024-03-01"],
    ...                       "text": ["Mor græder. Far trøster."]})
    >>> codings = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "start": [12], "end": [24],
    ...                         "code": ["relationsarbejde/trøste"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [file] = write_qdpx(f"{folder}/aar.qdpx", notes, codings)
    ...     file.name
    'aar.qdpx'
    """
    file = Path(path)
    if target not in TARGETS or newlines not in {"keep", "space"} or split not in {None, "case", "month"}:
        raise ExchangeError(
            "an unknown target, newlines or split", file=file, fix=f"use a target among {', '.join(TARGETS)}"
        )
    notes = check_notes(notes)
    codings = check_codings(codings, notes) if len(codings) else empty(CODINGS)
    known = notes["case_id"].drop_duplicates()
    listed = None if cases is None else check_cases(cases)
    when = created or datetime.now(UTC)
    options = Options(file.stem, TARGETS[target], portable, newlines, codebook, when)
    written = []
    for name, part in _parts(notes, split, file):
        mine = codings[codings["note_id"].isin(part["note_id"])]
        ours = pd.DataFrame({"case_id": known[known.isin(part["case_id"])]})
        if listed is not None:
            rest = listed if split is None else listed[listed["case_id"].isin(part["case_id"])]
            ours = pd.concat([rest, ours[~ours["case_id"].isin(rest["case_id"])]], ignore_index=True)
        with atomic(name) as temporary:
            _write(temporary, Project(part, mine, ours, options))
        written.append(name)
    return written


def _parts(notes: pd.DataFrame, split: str | None, file: Path) -> Iterator[tuple[Path, pd.DataFrame]]:
    if split is None:
        yield file, notes
        return
    keys = notes["case_id"] if split == "case" else notes["date"].dt.strftime("%Y-%m").fillna("uden dato")
    groups = [(str(key), part) for key, part in notes.groupby(keys, sort=True)]
    for name, (_, part) in zip(source_names(key for key, _ in groups), groups, strict=True):
        yield file.with_name(f"{file.stem}-{name}{file.suffix}"), part


def _write(path: Path, project: Project) -> None:
    options = project.options
    root = Element(
        "Project",
        {
            "xmlns": NAMESPACE,
            "name": xml_text(options.name),
            "origin": options.target.origin,
            "creatingUserGUID": project.users[OWN_ORIGIN],
            "creationDateTime": options.time(),
        },
    )
    users = SubElement(root, "Users")
    for coder, key in project.users.items():
        SubElement(users, "User", {"guid": key, "name": xml_text(coder)})
    if len(project.tree.element):
        SubElement(root, "CodeBook").append(project.tree.element)
    SubElement(root, "Variables").extend(declare([*project.case_columns, *project.note_columns]))
    SubElement(root, "Cases").extend(case_elements(project))
    sources = SubElement(root, "Sources")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for element, text in source_elements(project):
            sources.append(element)
            name = f"{options.target.folder}/{element.get('guid')}.txt"
            _store(archive, name, text.data)
        if options.target.sets:
            SubElement(root, "Sets").extend(set_elements(project))
        _store(archive, "project.qde", document(root).encode())


def _store(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    if len(data) > LARGEST_MEMBER:
        raise ExchangeError(
            "the project is larger than the standard allows", fix="write it with split='month'"
        )
    archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), data, zipfile.ZIP_DEFLATED)
