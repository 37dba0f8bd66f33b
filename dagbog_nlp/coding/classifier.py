"""The sentence classifier: one linear model per code over any features, as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from dagbog_nlp.coding.features import WordFeatures
from dagbog_nlp.coding.word_scores import WordScores
from dagbog_nlp.coding.word_table import Pieces


def indicator(codes_of: Iterable[Iterable[str]], codes: Sequence[str]) -> np.ndarray:
    """Turn the codes of each sentence into a bool matrix [n, n_codes]; a subcode implies its parents.

    Examples
    --------
    >>> indicator([("a/b",), ()], ["a", "a/b", "c"]).tolist()
    [[True, True, False], [False, False, False]]
    """
    position = {code: index for index, code in enumerate(codes)}
    rows = list(codes_of)
    matrix = np.zeros((len(rows), len(codes)), dtype=bool)
    for row, names in enumerate(rows):
        for name in names:
            parts = name.split("/")
            for depth in range(1, len(parts) + 1):
                column = position.get("/".join(parts[:depth]))
                if column is not None:
                    matrix[row, column] = True
    return matrix


class SentenceClassifier(ClassifierMixin, BaseEstimator):
    """Multi-label logistic regression over sentences, one model per code.

    Parameters
    ----------
    features
        Transformer from `X` to a matrix; :class:`~dagbog_nlp.coding.features.WordFeatures` when
        None. ``"passthrough"`` takes `X` as the matrix.
    C
        Inverse strength of the L2 penalty.

    Attributes
    ----------
    codes_
        Code paths, in the order of the columns.
    classes_
        The same, as scikit-learn names it for multi-label estimators.
    features_
        Fitted transformer, or ``"passthrough"``.
    coef_, intercept_
        float32 [n_codes, n_features] and [n_codes]; a code without an example has coefficients of
        zero and the intercept of a rare code.

    Examples
    --------
    >>> sentences = ["Mor aflyser.", "Mor melder afbud.", "Vi spiser.", "Vi leger."] * 3
    >>> labels = pd.DataFrame({"afbud": [True, True, False, False] * 3})
    >>> SentenceClassifier(C=100).fit(sentences, labels).predict(["afbud fra mor"]).tolist()
    [[True]]
    """

    def __init__(self, features: Any = None, *, C: float = 20.0) -> None:  # noqa: N803
        self.features = features
        self.C = C

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:  # noqa: N803
        """Fit on n sentences.

        Parameters
        ----------
        X
            n sentences, or whatever `features` takes.
        y
            bool frame [n, n_codes] whose columns are code paths, or a bool matrix.
        groups
            Case of each sentence, for features that must occur in several cases.
        """
        if isinstance(y, pd.DataFrame):
            self.codes_ = [str(name) for name in y.columns]
        else:
            self.codes_ = [str(number) for number in range(np.asarray(y).shape[1])]
        self.classes_ = np.array(self.codes_)
        self.__dict__.pop("_word_scores", None)
        target = np.asarray(y, dtype=bool)
        if isinstance(self.features, str):
            self.features_ = self.features
            matrix = np.asarray(X, dtype=np.float32)
        else:
            self.features_ = clone(self.features) if self.features is not None else WordFeatures()
            matrix = self.features_.fit(X, groups=groups).transform(X)
        self.coef_ = np.zeros((target.shape[1], matrix.shape[1]), dtype=np.float32)
        self.intercept_ = np.full(target.shape[1], -np.log(len(target) + 1), dtype=np.float32)
        wide = matrix.shape[1] > matrix.shape[0]  # then the dual problem is solved many times faster
        linear = LogisticRegression(
            C=self.C, solver="liblinear", dual=wide, tol=1e-2 if wide else 1e-4, max_iter=500, random_state=0
        )
        for column in range(target.shape[1]):
            if target[:, column].any() and not target[:, column].all():
                model = clone(linear).fit(matrix, target[:, column])
                self.coef_[column] = model.coef_[0]
                self.intercept_[column] = model.intercept_[0]
        return self

    @property
    def word_scores(self) -> WordScores | None:
        """What each word speaks for, when the features are of words."""
        check_is_fitted(self)
        if "_word_scores" not in self.__dict__ and isinstance(self.features_, WordFeatures):
            self._word_scores = WordScores(self.features_, self.coef_)
        return self.__dict__.get("_word_scores")

    def decision_function(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return log odds, float32 [n, n_codes]; sentences may come as texts or as Pieces."""
        if self.word_scores is not None:
            return self.word_scores.log_odds(X if isinstance(X, Pieces) else Pieces.of(X)) + self.intercept_
        matrix = X if isinstance(self.features_, str) else self.features_.transform(X)
        return np.asarray(matrix @ self.coef_.T, dtype=np.float32) + self.intercept_

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_word_scores"}

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return the probability of each code, float [n, n_codes]; calibrate before trusting it."""
        return expit(self.decision_function(X))

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return which codes are more likely than not, bool [n, n_codes]."""
        return self.decision_function(X) > 0
