"""Each stage imports only from earlier stages; the interface tables import only the errors."""

import ast
from pathlib import Path

import pytest

import dagbog_nlp

PACKAGE = Path(dagbog_nlp.__file__).parent
ORDER = [
    "errors",
    "columns",
    "atomic",
    "tables",
    "resources",
    "notes",
    "codebook",
    "coding",
    "learning",
    "cases",
    "exchange",
    "show",
    "batch",
    "cli",
]
SIDE_BY_SIDE = {"exchange": {"show"}, "show": {"exchange"}}


def stage_of(module: str) -> str:
    stage = module.split(".")[1] if module.startswith("dagbog_nlp.") else ""
    return "cli" if stage.startswith("cli") else stage


def modules():
    return [
        path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE or path.stem != "__init__"
    ]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_earlier_stages(path):
    own = stage_of("dagbog_nlp." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts))
    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "dagbog_nlp":
            imported |= {stage_of(f"dagbog_nlp.{alias.name}") for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(stage_of(node.module))
        elif isinstance(node, ast.Import):
            imported |= {stage_of(alias.name) for alias in node.names}
    for stage in imported - {"", own}:
        assert stage in ORDER, f"{path.name} imports from {stage}, which is no stage"
        assert ORDER.index(stage) < ORDER.index(own), (
            f"{path.name} ({own}) imports from the later stage {stage}"
        )
        assert stage not in SIDE_BY_SIDE.get(own, set()), f"{own} and {stage} stand side by side"


def test_the_order_names_every_stage():
    found = {stage_of(f"dagbog_nlp.{path.stem}") for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
    found |= {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert found <= set(ORDER)
