"""No network and no pickle: neither while working nor in the source."""

import ast
import socket
from pathlib import Path

import pytest

import dagbog_nlp as dn

PACKAGE = Path(dn.__file__).parent
FORBIDDEN = {
    "pickle",
    "shelve",
    "dill",
    "cloudpickle",
    "requests",
    "urllib",
    "http",
    "socket",
    "ftplib",
    "smtplib",
    "xml",
}
ALLOWED = {"urllib.parse", "xml.sax.saxutils"}


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("the library opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_loading_and_coding_open_no_connection(no_network):
    coder = dn.load()
    notes = dn.read_notes(Path(__file__).parent.parent / "data_samples" / "notater.csv").head(5)
    assert len(coder.code(notes)) > 0
    assert len(coder.score(notes)) > 0


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_the_source_imports_nothing_that_connects_or_unpickles(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module)
    writing_xml = (
        {"xml.etree.ElementTree"}
        if "defusedxml" in path.read_text("utf-8") or "write" in path.stem
        else set()
    )
    bad = {name for name in imported - ALLOWED - writing_xml if name.split(".")[0] in FORBIDDEN}
    assert not bad
