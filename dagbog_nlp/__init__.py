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
    "notes.read": (
        "read_cases",
        "read_notes",
    ),
    "codebook.codebook": ("Codebook",),
    "coding.autocoder": ("Autocoder",),
    "coding.classifier": ("SentenceClassifier",),
    "learning.training": ("train",),
    "learning.evaluation": ("evaluate",),
    "learning.model_store": ("load",),
    "learning.agreement": (
        "agreement",
        "agreement_rounds",
    ),
    "learning.review": (
        "before_after",
        "merge_reviews",
        "review_from_codings",
    ),
    "learning.review_queue": (
        "estimate_from_review",
        "review_queue",
    ),
    "cases.profiles": ("profile_cases",),
    "cases.sequences": (
        "followed_by",
        "reflective_adjustment",
    ),
    "cases.crosstabs": (
        "alliance_table",
        "effect_table",
        "enrolment_table",
        "grants_table",
        "network_table",
        "problem_table",
        "severity_table",
        "team_table",
    ),
    "cases.reflection": (
        "reflection_table",
        "reflective_cases",
    ),
    "cases.documentation": ("documentation_table",),
    "cases.comparison": (
        "compare",
        "compare_cases",
    ),
    "cases.cooccurrence": (
        "codes_by",
        "cooccurrence",
    ),
    "cases.keyness": ("keyness",),
    "cases.qca": (
        "case_sets",
        "set_relations",
    ),
    "cases.typicality": ("typicality",),
    "exchange.qdpx_write": ("write_qdpx",),
    "exchange.qdpx_read": ("read_qdpx",),
    "exchange.codebooks": (
        "read_codebook",
        "read_qdc",
        "write_codebook",
        "write_qdc",
    ),
    "exchange.review_files": (
        "read_review",
        "write_review",
    ),
    "exchange.label_studio": (
        "read_label_studio",
        "write_label_studio",
    ),
    "exchange.json_lines": (
        "read_jsonl",
        "write_jsonl",
    ),
    "show.highlight": ("highlight",),
    "show.concordance": (
        "kwic",
        "rule_table",
    ),
    "show.plots": (
        "plot_case",
        "plot_course",
        "plot_profile",
        "plot_table",
    ),
    "batch.run": ("tag",),
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
    from dagbog_nlp.batch.run import tag as tag
    from dagbog_nlp.cases.comparison import compare as compare
    from dagbog_nlp.cases.comparison import compare_cases as compare_cases
    from dagbog_nlp.cases.cooccurrence import codes_by as codes_by
    from dagbog_nlp.cases.cooccurrence import cooccurrence as cooccurrence
    from dagbog_nlp.cases.crosstabs import alliance_table as alliance_table
    from dagbog_nlp.cases.crosstabs import effect_table as effect_table
    from dagbog_nlp.cases.crosstabs import enrolment_table as enrolment_table
    from dagbog_nlp.cases.crosstabs import grants_table as grants_table
    from dagbog_nlp.cases.crosstabs import network_table as network_table
    from dagbog_nlp.cases.crosstabs import problem_table as problem_table
    from dagbog_nlp.cases.crosstabs import severity_table as severity_table
    from dagbog_nlp.cases.crosstabs import team_table as team_table
    from dagbog_nlp.cases.documentation import documentation_table as documentation_table
    from dagbog_nlp.cases.keyness import keyness as keyness
    from dagbog_nlp.cases.profiles import profile_cases as profile_cases
    from dagbog_nlp.cases.qca import case_sets as case_sets
    from dagbog_nlp.cases.qca import set_relations as set_relations
    from dagbog_nlp.cases.reflection import reflection_table as reflection_table
    from dagbog_nlp.cases.reflection import reflective_cases as reflective_cases
    from dagbog_nlp.cases.sequences import followed_by as followed_by
    from dagbog_nlp.cases.sequences import reflective_adjustment as reflective_adjustment
    from dagbog_nlp.cases.typicality import typicality as typicality
    from dagbog_nlp.codebook.codebook import Codebook as Codebook
    from dagbog_nlp.coding.autocoder import Autocoder as Autocoder
    from dagbog_nlp.coding.classifier import SentenceClassifier as SentenceClassifier
    from dagbog_nlp.exchange.codebooks import read_codebook as read_codebook
    from dagbog_nlp.exchange.codebooks import read_qdc as read_qdc
    from dagbog_nlp.exchange.codebooks import write_codebook as write_codebook
    from dagbog_nlp.exchange.codebooks import write_qdc as write_qdc
    from dagbog_nlp.exchange.json_lines import read_jsonl as read_jsonl
    from dagbog_nlp.exchange.json_lines import write_jsonl as write_jsonl
    from dagbog_nlp.exchange.label_studio import read_label_studio as read_label_studio
    from dagbog_nlp.exchange.label_studio import write_label_studio as write_label_studio
    from dagbog_nlp.exchange.qdpx_read import read_qdpx as read_qdpx
    from dagbog_nlp.exchange.qdpx_write import write_qdpx as write_qdpx
    from dagbog_nlp.exchange.review_files import read_review as read_review
    from dagbog_nlp.exchange.review_files import write_review as write_review
    from dagbog_nlp.learning.agreement import agreement as agreement
    from dagbog_nlp.learning.agreement import agreement_rounds as agreement_rounds
    from dagbog_nlp.learning.evaluation import evaluate as evaluate
    from dagbog_nlp.learning.model_store import load as load
    from dagbog_nlp.learning.review import before_after as before_after
    from dagbog_nlp.learning.review import merge_reviews as merge_reviews
    from dagbog_nlp.learning.review import review_from_codings as review_from_codings
    from dagbog_nlp.learning.review_queue import estimate_from_review as estimate_from_review
    from dagbog_nlp.learning.review_queue import review_queue as review_queue
    from dagbog_nlp.learning.training import train as train
    from dagbog_nlp.notes.read import read_cases as read_cases
    from dagbog_nlp.notes.read import read_notes as read_notes
    from dagbog_nlp.show.concordance import kwic as kwic
    from dagbog_nlp.show.concordance import rule_table as rule_table
    from dagbog_nlp.show.highlight import highlight as highlight
    from dagbog_nlp.show.plots import plot_case as plot_case
    from dagbog_nlp.show.plots import plot_course as plot_course
    from dagbog_nlp.show.plots import plot_profile as plot_profile
    from dagbog_nlp.show.plots import plot_table as plot_table
