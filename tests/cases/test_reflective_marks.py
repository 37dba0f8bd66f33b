"""Reflective adjustment from codings by hand against the marks of the corpus; goal accuracy .90."""

from pathlib import Path

import pytest

from dagbog_nlp.cases.profiles import profile_cases
from dagbog_nlp.cases.reflection import reflective_cases
from dagbog_nlp.cases.sequences import reflective_adjustment
from dagbog_nlp.learning.corpus import read_corpus
from dagbog_nlp.tables import PROFILES

CORPUS = Path(__file__).parents[2] / "data_samples" / "corpus"


@pytest.fixture(scope="module")
def corpus():
    return read_corpus(CORPUS, writers=[f"W{number}" for number in range(1, 19) if number not in (6, 17)])


def test_the_goal_is_met_and_no_answered_doubt_is_missed(corpus):
    marks = corpus.cases.set_index("case_id")["reflective"].astype(bool)
    found = reflective_adjustment(corpus.codings, corpus.notes)["reflective"].reindex(marks.index)
    assert (found == marks).mean() >= 0.90
    assert not (~found & marks).any()


def test_dates_of_the_profiles_alone_come_close(corpus):
    profiles = profile_cases(corpus.codings, corpus.notes, corpus.cases)
    own = profiles.groupby("case_id")["reflective"].first().astype(bool)
    by_dates = reflective_cases(profiles[list(PROFILES)]).reindex(own.index)
    assert (own == by_dates).mean() >= 0.97 and not (own & ~by_dates).any()
