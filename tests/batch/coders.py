"""A coder that is quick, slow, or fatal as a test needs it. Run with runpy: workers get it by value."""

import os
import signal
import time
from pathlib import Path

import pandas as pd

from dagbog_nlp.tables import CODINGS, coding_ids, empty


class PlainCoder:
    """Codes every note that is not blank, whole, once or twice."""

    name, tier, codebook, folder = "plain", "fast", None, None

    def __init__(self, *, seconds=0.0, die_once=None, before=None, fails_on=(), model="m1"):
        self.seconds, self.die_once, self.before, self.fails_on = seconds, die_once, before, set(fails_on)
        self.model = model

    def code(self, notes):
        if self.before is not None:
            self.before(notes)
        if self.die_once and not Path(self.die_once).exists():
            Path(self.die_once).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.seconds)
        if failing := self.fails_on.intersection(notes["note_id"]):
            raise ValueError(notes.loc[notes["note_id"].isin(failing), "text"].iloc[0])
        parts = [notes.assign(code="professionel_tvivl")]
        parts.append(notes[notes["text"].str.len() % 3 == 0].assign(code="relationsarbejde/gråd"))
        coded = pd.concat(parts).query("text != ''").sort_values(["note_id", "code"], ignore_index=True)
        coded = coded.assign(
            start=0, end=coded["text"].str.len(), score=0.75, source="classifier", coder=self.name
        )
        coded = coded.assign(negated=False, hypothetical=False, reported=False, codebook="", model=self.model)
        coded["coding_id"] = coding_ids(coded)
        return coded.reindex(columns=list(CODINGS)).astype(CODINGS) if len(coded) else empty(CODINGS)
