"""Names and ids that every program accepts: unique, free of hostile characters, the same each time."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://pypi.org/project/dagbog-nlp")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HOSTILE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
_LONGEST = 120


def guid(*parts: str) -> str:
    """Make an id that depends only on `parts`, upper case without braces.

    Programs compare ids as strings, and some want upper case.

    Examples
    --------
    >>> guid("aarets", "code", "negativ_alliance") == guid("aarets", "code", "negativ_alliance")
    True
    """
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(parts))).upper()


def xml_text(value: object) -> str:
    """Return `value` as text that XML 1.0 can hold; other characters become U+FFFD."""
    return _NOT_XML.sub("\ufffd", str(value))


def source_names(note_ids: Iterable[str]) -> list[str]:
    """Turn note ids into names that can be file names everywhere, each once even when case is ignored.

    Examples
    --------
    >>> source_names(["N1", "n1", "2024/3"])
    ['N1', 'n1 (2)', '2024_3']
    """
    taken: set[str] = set()
    names = []
    for note_id in note_ids:
        name = _HOSTILE.sub("_", xml_text(note_id)).strip(" .")[:_LONGEST] or "_"
        names.append(_free(f"_{name}" if _RESERVED.match(name) else name, taken))
    return names


def code_names(paths: Sequence[str], labels: dict[str, str]) -> dict[str, str]:
    """Name every code so that no two share a name, since QualCoder drops the second of two.

    Parameters
    ----------
    paths
        Code paths, parents before their children.
    labels
        Label per path; the last part of the path stands in for a blank one.

    Returns
    -------
    dict
        Name per path. A name that would occur twice takes its parent's in brackets.

    Examples
    --------
    >>> code_names(["a", "a/x", "b", "b/x"], {})
    {'a': 'a', 'a/x': 'x', 'b': 'b', 'b/x': 'x (b)'}
    """
    taken: set[str] = set()
    names: dict[str, str] = {}
    for path in paths:
        above, _, last = path.rpartition("/")
        name = xml_text(labels.get(path) or last).strip()
        if name.casefold() in taken and above:
            name = f"{name} ({names.get(above, above)})"
        names[path] = _free(name, taken)
    return names


def with_parents(paths: Iterable[str]) -> list[str]:
    """List `paths` once each, every parent before its children, otherwise in the order given.

    Examples
    --------
    >>> with_parents(["a/x", "b", "a"])
    ['a', 'a/x', 'b']
    """
    seen: dict[str, None] = {}
    for path in paths:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            seen.setdefault("/".join(parts[:depth]))
    return list(seen)


def slug(name: str) -> str:
    """Turn another program's code name into one part of a code path.

    Examples
    --------
    >>> slug("Føler sig svigtet / skuffet")
    'føler_sig_svigtet_skuffet'
    """
    return re.sub(r"[\s/_]+", "_", name.strip().lower()).strip("_") or "uden_navn"


def _free(name: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{name} ({number})"
    taken.add(candidate.casefold())
    return candidate
