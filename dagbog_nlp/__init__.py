"""Code Danish diary notes, explain each coding, and read the cases: all on your own machine.

One direction of flow, a folder for each stage::

    tables, errors   the four tables (notes, codings, cases, profiles) and the errors
    notes/           read files; sentences; pseudonymise
    codebook/        the codebook as data; the word forms its keywords stand for
    coding/          keyword coder, context, classifiers, the autocoder
    learning/        train, calibrate, evaluate, agreement, review, model files
    cases/           profiles, sequences, the report's tables, typicality, disclosure control
    exchange/        REFI-QDA, Excel, Label Studio
    show/            highlighted notes, pictures, concordance
    batch, cli       a year in one go; the ``dagbog`` command

Names are loaded when they are first used, so that importing the package is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "notes.read": ("read_notes", "read_cases"),
    "codebook.codebook": ("Codebook",),
    "coding.autocoder": ("Autocoder",),
    "coding.classifier": ("SentenceClassifier",),
    "learning.training": ("train",),
    "learning.evaluation": ("evaluate",),
    "learning.model_store": ("load",),
    "cases.profiles": ("profile_cases",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}
__all__ = ["__version__", *sorted(_HOME_OF)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


if TYPE_CHECKING:
    from dagbog_nlp.cases.profiles import profile_cases as profile_cases
    from dagbog_nlp.codebook.codebook import Codebook as Codebook
    from dagbog_nlp.coding.autocoder import Autocoder as Autocoder
    from dagbog_nlp.coding.classifier import SentenceClassifier as SentenceClassifier
    from dagbog_nlp.learning.evaluation import evaluate as evaluate
    from dagbog_nlp.learning.model_store import load as load
    from dagbog_nlp.learning.training import train as train
    from dagbog_nlp.notes.read import read_cases as read_cases
    from dagbog_nlp.notes.read import read_notes as read_notes
