"""All trained models of a coder, asked together: word models, the encoder, heads on its vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dagbog_nlp.coding.classifier import SentenceClassifier
from dagbog_nlp.coding.combination import Combination
from dagbog_nlp.coding.word_table import Pieces

if TYPE_CHECKING:
    from dagbog_nlp.coding.encoder import SentenceEncoder

ENCODER_VIEW = "encoder"
TIERS = ("accurate", "fast")


@dataclass(frozen=True)
class Ensemble:
    """Models that each give log odds for some codes, and how they are combined.

    Attributes
    ----------
    words
        Classifiers of the sentence's words, by name of view.
    vectors
        Classifiers of the encoder's sentence vectors, by name of view.
    encoder
        The sentence encoder, whose own heads are the view ``"encoder"``; None without.
    combinations
        By tier: ``"fast"`` uses word views only, ``"accurate"`` all.
    """

    words: Mapping[str, SentenceClassifier]
    combinations: Mapping[str, Combination]
    vectors: Mapping[str, SentenceClassifier] = field(default_factory=dict)
    encoder: SentenceEncoder | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """The code paths that are classified."""
        return next(iter(self.combinations.values())).codes

    @property
    def best_tier(self) -> str:
        """The most accurate tier that the models allow."""
        return next(tier for tier in TIERS if tier in self.combinations)

    def needs_encoder(self, views: Sequence[str]) -> bool:
        """Tell whether some of the views rest on the encoder."""
        return any(view == ENCODER_VIEW or view in self.vectors for view in views)

    def logits(
        self,
        sentences: pd.DataFrame | None,
        views: Sequence[str],
        codes: Sequence[str],
        pieces: Pieces | None = None,
    ) -> np.ndarray:
        """Ask some views for some codes.

        Parameters
        ----------
        sentences
            Frame with ``note_id, start, text`` and, where there, ``focus``; notes in one piece each.
            Views of words need none when `pieces` are given.
        pieces
            The same sentences, already split.

        Returns
        -------
        numpy.ndarray
            float32 [n, n_views, n_codes]; zero where a view does not know a code.
        """
        if pieces is None:
            pieces = Pieces.of([] if sentences is None else sentences["text"].tolist())
        out = np.zeros((len(pieces), len(views), len(codes)), dtype=np.float32)
        if not len(pieces):
            return out
        encoded = None
        known: Sequence[str]
        if self.encoder is not None and sentences is not None and self.needs_encoder(views):
            encoded = self.encoder.encode(sentences)
        for number, view in enumerate(views):
            if view in self.words:
                known, logits = self.words[view].codes_, self.words[view].decision_function(pieces)
            elif encoded is not None and view == ENCODER_VIEW and self.encoder is not None:
                known, logits = self.encoder.labels, encoded.logits
            elif encoded is not None and view in self.vectors:
                known, logits = (
                    self.vectors[view].codes_,
                    self.vectors[view].decision_function(encoded.vectors),
                )
            else:
                continue
            position = {code: column for column, code in enumerate(known)}
            shared = [(column, position[code]) for column, code in enumerate(codes) if code in position]
            if shared:
                ours, theirs = zip(*shared, strict=True)
                out[:, number, list(ours)] = logits[:, list(theirs)]
        return out

    def probabilities(
        self, sentences: pd.DataFrame | None, tier: str, pieces: Pieces | None = None
    ) -> np.ndarray:
        """Return calibrated probabilities, float [n, n_codes]; see :meth:`logits`."""
        combination = self.combinations[tier]
        return combination.probabilities(self.logits(sentences, combination.views, combination.codes, pieces))

    def decide(self, probabilities: np.ndarray, tier: str) -> np.ndarray:
        """Decide which codes are given, bool [n, n_codes]."""
        return self.combinations[tier].decide(probabilities)
