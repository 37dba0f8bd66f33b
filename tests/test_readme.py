"""The README's blocks run, and its two commands stand there word for word."""

import os
import re

import pytest

import dagbog_nlp as dn

COMMANDS = (
    "pip install . && dagbog tag data_samples/notater.csv --cases data_samples/sager.csv --out resultat",
    'pip install -e ".[test]" && pytest',
)


@pytest.fixture(scope="module")
def readme(root):
    return (root / "README.md").read_text("utf-8")


def test_the_two_commands(readme):
    for command in COMMANDS:
        assert f"```bash\n{command}\n```" in readme


def test_the_python_blocks_run_in_order(readme, root, tmp_path, monkeypatch):
    for name in ("data_samples", "models"):
        (tmp_path / name).mkdir()
    os.symlink(root / "data_samples" / "corpus", tmp_path / "data_samples" / "corpus")
    for name in ("notater.csv", "sager.csv"):
        os.symlink(root / "data_samples" / name, tmp_path / "data_samples" / name)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL):
        exec(compile(block, "README.md", "exec"), names)
    assert len(names["codings"]) > 0
    assert len(names["profiles"]) > 0
    assert (names["own"]["code"] == "relationsarbejde/latter").any()
    assert 0.2 < names["report"].table.loc["professionel_tvivl", "f1"] < 1


def test_links_lead_somewhere(readme, root):
    for link in re.findall(r"\]\(([^)#]+)\)", readme):
        if not link.startswith("http"):
            assert (root / link).exists(), link


def test_the_public_names_of_the_design_are_there():
    for name in [
        "read_notes",
        "read_cases",
        "load",
        "profile_cases",
        "train",
        "evaluate",
        "write_qdpx",
        "read_qdpx",
        "write_review",
        "read_review",
        "agreement",
        "tag",
    ]:
        assert callable(getattr(dn, name)), name
