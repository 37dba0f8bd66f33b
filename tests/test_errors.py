"""Errors say what and where, also after a worker process has sent them on."""

import pickle

import pytest

from dagbog_nlp.errors import CodebookError, InputError, MissingColumnError


@pytest.mark.parametrize(
    "error",
    [
        InputError(
            "the date does not exist", file="notater.csv", row=7, note_id="N6", fix="correct the date"
        ),
        MissingColumnError(
            "the notes lack text", table="notes", missing=["text"], found=["Notat"], file="n.csv"
        ),
        CodebookError("the rule is empty", start=3, end=9),
    ],
)
def test_an_error_from_a_worker_says_the_same(error):
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
