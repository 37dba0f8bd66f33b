"""Codes as REFI-QDA writes them, in projects and in codebooks: a tree of names with a memo each.

A memo is for people: the definition and its headed parts, which an analyst may edit anywhere. The
last line carries what no other program knows (path, English label, keyword rules).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from dagbog_nlp.codebook.codebook import Code, Codebook
from dagbog_nlp.errors import CodebookError
from dagbog_nlp.exchange.descriptions import mark, unmark
from dagbog_nlp.exchange.names import code_names, guid, slug, with_parents, xml_text
from dagbog_nlp.exchange.xml_write import Element, SubElement

_PARTS = {
    "include": "Medtag:",
    "exclude": "Udelad:",
    "examples": "Eksempler:",
    "counter_examples": "Modeksempler:",
}
Trail = tuple[str, ...]
_LISTS = ("examples", "counter_examples")
_CARRIED = {"label", "label_en", "classified", "keywords"}
_COLOUR = re.compile(r"#(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})")


@dataclass(frozen=True)
class CodeTree:
    """The codes of one file.

    Parameters
    ----------
    element
        The ``Codes`` element.
    names, guids
        Name and id per code path.
    """

    element: Element
    names: dict[str, str]
    guids: dict[str, str]


@dataclass(frozen=True)
class ReadCode:
    """One code found in a file.

    Parameters
    ----------
    guid
        Its id in the file.
    path
        Its code path.
    code
        What is known of it; None for a folder that holds other codes.
    """

    guid: str
    path: str
    code: Code | None


def build_codes(
    used: Iterable[str], codebook: Codebook | None, project: str, extra: dict[str, str] | None = None
) -> CodeTree:
    """Build the ``Codes`` element.

    Parameters
    ----------
    used
        Code paths that occur in codings.
    codebook
        Definitions, labels and colours; a used code that is not in it is named by its path.
    project
        Makes ids the same each time for the same project.
    extra
        Id and name of further top-level codes (codes that stand for cases).

    Returns
    -------
    CodeTree
    """
    known = {code.path: code for code in codebook} if codebook else {}
    used = list(used)
    paths = with_parents([*known, *used])
    names = code_names(paths, {path: code.label for path, code in known.items()})
    guids = {path: guid(project, "code", path) for path in paths}
    root = Element("Codes")
    elements: dict[str, Element] = {"": root}
    codable = {*known, *used}
    for path in paths:
        code = known.get(path) or Code(path=path)
        attributes = {
            "guid": guids[path],
            "name": names[path],
            "isCodable": "true" if path in codable else "false",
        }
        if path in known:
            attributes["color"] = code.colour.upper()
        element = SubElement(elements[path.rpartition("/")[0]], "Code", attributes)
        SubElement(element, "Description").text = _memo(code, names[path])
        elements[path] = element
    for key, name in (extra or {}).items():
        SubElement(root, "Code", {"guid": key, "name": name, "isCodable": "true"})
    return CodeTree(root, names, guids)


def read_codes(root: Element | None, codebook: Codebook | None = None) -> Iterator[ReadCode]:
    """Read a ``Codes`` element whose tags have lost their namespace, parents first.

    Parameters
    ----------
    root
        The element, or None.
    codebook
        Names the paths: a code is one of its codes when it has its label (under the right parent,
        or anywhere if only one code has that label). Other names are turned into paths.

    Yields
    ------
    ReadCode
        Two codes of the file may get one path when they differ only in the case of their name.
    """
    labels = _label_index(codebook)
    top: list[Element] = list(root) if root is not None else []
    stack: list[tuple[Element, str, Trail]] = [(child, "", ()) for child in reversed(top)]
    while stack:
        element, above, names = stack.pop()
        if element.tag != "Code":
            continue
        name = (element.get("name") or "").strip()
        human, noted = unmark(element.findtext("Description"))
        noted = noted if isinstance(noted, dict) else {}
        trail = (*names, name.casefold())
        path = _path(name, above, trail, noted, labels)
        folder = (element.get("isCodable") or "true").strip() in {"false", "0"}
        yield ReadCode(
            (element.get("guid") or "").strip("{} ").upper(),
            path,
            None if folder else _code(path, name, human, noted, element.get("color")),
        )
        stack += [(child, path, trail) for child in reversed(element)]


def as_codebook(codes: Iterable[ReadCode], name: str) -> Codebook:
    """Build a codebook from what :func:`read_codes` found; folders become codes without definition."""
    found: dict[str, Code] = {}
    for item in codes:
        for path in with_parents([item.path]):
            found.setdefault(
                path, Code(path=path, label=path.rpartition("/")[2].replace("_", " ").capitalize())
            )
        if item.code is not None:
            found[item.path] = item.code
    try:
        return Codebook(name=name, codes=list(found.values()))
    except ValidationError as error:
        raise CodebookError(str(error.errors()[0]["msg"]), fix="correct the code") from None


def _memo(code: Code, name: str) -> str:
    blocks = [code.definition] if code.definition else []
    for field, heading in _PARTS.items():
        value = getattr(code, field)
        if value:
            body = "\n".join(f"- {line}" for line in value) if field in _LISTS else value
            blocks.append(f"{heading}\n{body}")
    carried = code.model_dump(include=_CARRIED, exclude_defaults=True)
    return xml_text("\n\n".join([*blocks, mark({"path": code.path, "name": name} | carried)]))


def _code(path: str, name: str, human: str, noted: dict[str, Any], colour: str | None) -> Code:
    fields: dict[str, Any] = {"path": path, "label": name}
    if noted.get("name") == name:
        fields["label"] = noted.get("label", "")
    fields |= {key: noted[key] for key in _CARRIED - {"label"} if key in noted}
    field = "definition"
    lines: dict[str, list[str]] = {key: [] for key in ("definition", *_PARTS)}
    headings = {heading: key for key, heading in _PARTS.items()}
    for line in human.splitlines():
        if line.strip() in headings:
            field = headings[line.strip()]
        else:
            lines[field].append(line)
    for key, found in lines.items():
        if key in _LISTS:
            fields[key] = [line.strip().removeprefix("- ").strip() for line in found if line.strip()]
        else:
            fields[key] = "\n".join(found).strip()
    if colour and _COLOUR.fullmatch(colour.strip()):
        digits = colour.strip().lstrip("#").upper()
        fields["colour"] = "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))
    try:
        return Code.model_validate(fields)
    except ValidationError:
        return Code(path=path, label=name)


def _path(name: str, above: str, trail: Trail, noted: dict[str, Any], labels: dict[Trail, str]) -> str:
    path = noted.get("path")
    if isinstance(path, str) and re.fullmatch(r"[^/\s][^/]*(/[^/]+)*", path):
        last = path.rpartition("/")[2]
        return f"{above}/{last}" if above else last
    known = labels.get(trail) or (labels.get(trail[-1:]) if len(trail) > 1 else None)
    if known:
        return known
    return f"{above}/{slug(name)}" if above else slug(name)


def _label_index(codebook: Codebook | None) -> dict[Trail, str]:
    """Path per chain of labels, and per single label that only one subcode has."""
    by_path = {code.path: code for code in codebook} if codebook else {}
    chains: dict[Trail, str] = {}
    alone: dict[Trail, set[str]] = {}
    for path in by_path:
        for kind in ("label", "label_en", "last"):
            trail = tuple(_shown(by_path, part, kind) for part in with_parents([path]))
            chains.setdefault(trail, path)
            alone.setdefault(trail[-1:], set()).add(path)
    return {trail: next(iter(paths)) for trail, paths in alone.items() if len(paths) == 1} | chains


def _shown(codes: dict[str, Code], path: str, kind: str) -> str:
    code = codes.get(path)
    label = getattr(code, kind, "") if code else ""
    return (label or path.rpartition("/")[2]).casefold()
