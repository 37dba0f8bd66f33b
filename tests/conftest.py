"""Shared fixtures: the shipped coder, and a little of the corpus."""

from pathlib import Path

import pytest

import dagbog_nlp as dn
from dagbog_nlp.learning.corpus import read_corpus

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def corpus():
    """Two writers of the annotated corpus."""
    return read_corpus(ROOT / "data_samples" / "corpus", writers=["W1", "W2"])


@pytest.fixture(scope="session")
def fast_coder():
    """The shipped model, words only."""
    return dn.load(tier="fast")
