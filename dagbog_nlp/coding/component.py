"""The autocoder as a spaCy pipeline component: ``nlp.add_pipe("dagbog_autocoder")``."""

from __future__ import annotations

from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from spacy.language import Language
from spacy.tokens import Doc, Span

from dagbog_nlp.coding.autocoder import Autocoder

if TYPE_CHECKING:
    from collections.abc import Callable

SPANS_KEY = "dagbog"
_LOADER = "dagbog_nlp.learning.model_store:load"


@Language.factory("dagbog_autocoder", default_config={"model": "familiecenter", "tier": "fast"})
def make_autocoder(nlp: Language, name: str, model: str, tier: str | None) -> Callable[[Doc], Doc]:
    """Make the component; spaCy calls this.

    Parameters
    ----------
    nlp, name
        The pipeline, and the component's name in it.
    model
        A shipped model or a model folder.
    tier
        ``"fast"``, ``"accurate"`` or None for the best there is.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("da")
    >>> _ = nlp.add_pipe("dagbog_autocoder")
    >>> doc = nlp("Drengen græder. Mor trøster ham.")
    >>> [(span.label_, span.text) for span in doc.spans["dagbog"] if span.label_.startswith("relations")]
    [('relationsarbejde/gråd', 'Drengen græder.'), ('relationsarbejde/trøste', 'Mor trøster ham.')]
    """
    coder: Autocoder = resolve_name(_LOADER)(Path(model) if Path(model).is_dir() else model, tier=tier)
    return AutocoderComponent(coder)


class AutocoderComponent:
    """Adds the coded sentences of a document as spans, with the codings table beside them.

    ``doc.spans["dagbog"]`` holds one span per coding, labelled with the code path;
    ``doc.user_data["dagbog"]`` the codings table of the document.
    """

    def __init__(self, coder: Autocoder) -> None:
        self.coder = coder

    def __call__(self, doc: Doc) -> Doc:
        """Code one document."""
        codings = self.coder.code(doc.text)
        spans = []
        for start, end, code in zip(codings["start"], codings["end"], codings["code"], strict=True):
            span = doc.char_span(start, end, label=code, alignment_mode="expand")
            if isinstance(span, Span):
                spans.append(span)
        doc.spans[SPANS_KEY] = spans
        doc.user_data[SPANS_KEY] = codings
        return doc
