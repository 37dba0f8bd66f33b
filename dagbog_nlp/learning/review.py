"""What reviewers decided, and the codings that follow from it.

A decision is about one code on one sentence: accepted, rejected, added, or ``none`` when a
sentence was read and nothing needed to be said. Wherever the decisions were made (a spreadsheet, the
review page, another program), they are the same table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dagbog_nlp.errors import InputError
from dagbog_nlp.learning.agreement import agreement
from dagbog_nlp.tables import CODINGS, DATE, check_codings, coding_ids, empty

DECISIONS = {
    "case_id": "str",
    "note_id": "str",
    "start": "int64",
    "end": "int64",
    "code": "str",
    "verdict": "str",
    "comment": "str",
    "reviewer": "str",
    "reviewed_at": DATE,
}
VERDICTS = ("accepted", "rejected", "added", "none")
_KEY = ["note_id", "start", "end", "code"]
_AUDIT = ["verdict", "reviewer", "reviewed_at", "comment"]


@dataclass(frozen=True)
class Review:
    """The decisions of a review.

    Parameters
    ----------
    decisions
        ``case_id, note_id, start, end, code, verdict, comment, reviewer, reviewed_at``; verdict is one
        of :data:`VERDICTS`, and ``code`` is blank where it is ``none``.
    exceptions
        What could not be read: ``problem, note_id, code, start, end``; never any text.
    run
        Id of the review file that the decisions answer.
    blind
        The reviewer saw no suggestions, so the decisions are a second coder's codings.
    """

    decisions: pd.DataFrame
    exceptions: pd.DataFrame
    run: str = ""
    blind: bool = False

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{count} {name}" for name, count in self.decisions["verdict"].value_counts().items()
        )
        return f"Review({counts or 'no decisions'}; {len(self.exceptions)} exceptions)"

    def codings(self) -> pd.DataFrame:
        """Return the reviewers' own codings: all that was accepted or added, as a codings table."""
        kept = self.decisions[self.decisions["verdict"].isin(["accepted", "added"])]
        return _manual(kept) if len(kept) else empty(CODINGS)


@dataclass(frozen=True)
class MergedReviews:
    """Codings after review, and how they came about.

    Parameters
    ----------
    codings
        The codings table with further columns ``verdict`` (accepted, added, unreviewed),
        ``reviewer, reviewed_at, comment``. What was rejected is not in it.
    trail
        Every decision in order of time, with ``suggested_by`` and ``score`` of the suggestion, and
        ``overruled`` where a later decision says otherwise.
    """

    codings: pd.DataFrame
    trail: pd.DataFrame

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{count} {name}" for name, count in self.codings["verdict"].value_counts().items()
        )
        return f"MergedReviews({counts or 'no codings'}; {len(self.trail)} decisions)"


def decision_table(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Make a table of decisions with the declared columns."""
    frame = pd.DataFrame(list(rows), columns=list(DECISIONS))
    frame["reviewed_at"] = pd.to_datetime(frame["reviewed_at"], errors="coerce", format="ISO8601", utc=True)
    frame["reviewed_at"] = frame["reviewed_at"].dt.tz_localize(None)
    return frame.astype(DECISIONS)


def merge_reviews(
    codings: pd.DataFrame, reviews: Review | Iterable[Review], *, keep_unreviewed: bool = True
) -> MergedReviews:
    """Apply reviews to the codings that were reviewed.

    Parameters
    ----------
    codings
        The suggestions.
    reviews
        One or several. Where two decisions are about the same code on the same sentence, the later
        one counts and the trail shows both.
    keep_unreviewed
        Keep codings that nobody decided on.

    Returns
    -------
    MergedReviews
        Accepted and added codings are manual, by their reviewer; train on ``.codings``.

    Examples
    --------
    >>> codings = pd.DataFrame({"case_id": "S1", "note_id": "N1", "start": [0, 9], "end": [8, 20],
    ...                         "code": "vrede", "source": "classifier", "coder": "maskine"})
    >>> decided = decision_table([
    ...     {"case_id": "S1", "note_id": "N1", "start": 0, "end": 8, "code": "vrede", "verdict": "rejected",
    ...      "reviewer": "Anna", "reviewed_at": "2024-05-01T10:00:00"}])
    >>> merged = merge_reviews(codings, Review(decided, pd.DataFrame()))
    >>> merged.codings[["start", "verdict"]].values.tolist()
    [[9, 'unreviewed']]
    """
    reviews = [reviews] if isinstance(reviews, Review) else list(reviews)
    table = check_codings(codings) if len(codings) else empty(CODINGS)
    tables = [review.decisions for review in reviews if len(review.decisions)]
    decisions = pd.concat(tables, ignore_index=True) if tables else decision_table([])
    decisions = decisions.sort_values("reviewed_at", kind="stable", na_position="first", ignore_index=True)
    suggestions = table.drop_duplicates(_KEY)[[*_KEY, "coder", "score"]].rename(
        columns={"coder": "suggested_by"}
    )
    trail = decisions.merge(suggestions, on=_KEY, how="left")
    trail["overruled"] = trail.duplicated(_KEY, keep="last") & trail["verdict"].ne("none")
    final = trail[~trail["overruled"] & trail["verdict"].ne("none")]

    merged = table.merge(final[[*_KEY, *_AUDIT]], on=_KEY, how="left")
    merged["verdict"] = merged["verdict"].fillna("unreviewed").replace("added", "accepted")
    kept = merged[
        merged["verdict"].eq("accepted") | (merged["verdict"].eq("unreviewed") & keep_unreviewed)
    ].copy()
    accepted = kept["verdict"].eq("accepted")
    kept.loc[accepted, "source"] = "manual"
    kept.loc[accepted, "coder"] = kept.loc[accepted, "reviewer"]
    known = pd.MultiIndex.from_frame(table[_KEY])
    new = final[
        final["verdict"].isin(["added", "accepted"]) & ~pd.MultiIndex.from_frame(final[_KEY]).isin(known)
    ]
    added = _manual(new)
    if len(added) and len(table):
        added["date"] = added["note_id"].map(table.drop_duplicates("note_id").set_index("note_id")["date"])
    parts = [part for part in (kept, added) if len(part)]
    if not parts:
        return MergedReviews(empty(CODINGS | {name: DECISIONS[name] for name in _AUDIT}), trail)
    out = pd.concat(parts, ignore_index=True)
    out["coding_id"] = coding_ids(out)
    out = out.drop_duplicates("coding_id").sort_values(["note_id", "start", "end", "code"], ignore_index=True)
    return MergedReviews(out, trail)


def review_from_codings(
    suggested: pd.DataFrame,
    returned: pd.DataFrame,
    *,
    reviewer: str = "",
    at: str | pd.Timestamp | None = None,
) -> Review:
    """Read decisions out of codings that came back from another program.

    Parameters
    ----------
    suggested
        The codings that were sent out.
    returned
        The codings that came back, from :func:`~dagbog_nlp.read_qdpx` with the same notes. What is
        still there was accepted, what is gone was rejected, what is new was added. The match is by
        note, offsets and code, since programs give every coding a new id.
    reviewer
        Who reviewed; the coder of each returned coding that is not one of the suggestions' coders,
        unless given.
    at
        When.

    Returns
    -------
    Review

    Examples
    --------
    >>> sent = pd.DataFrame({"case_id": "S1", "note_id": "N1", "start": [0, 12], "end": [11, 22],
    ...                      "code": ["gråd", "vrede"], "coder": "maskine"})
    >>> back = pd.concat([sent[:1], sent[1:].assign(code="råber", coder="Anna")])
    >>> review = review_from_codings(sent, back, reviewer="Anna")
    >>> review.decisions[["code", "verdict"]].values.tolist()
    [['gråd', 'accepted'], ['vrede', 'rejected'], ['råber', 'added']]
    """
    if len(suggested) and len(returned) and not set(suggested["note_id"]) & set(returned["note_id"]):
        raise InputError(
            "the two tables share no note", fix="read the file with notes=, the notes that were sent"
        )
    sent = suggested.drop_duplicates(_KEY)
    back = returned.drop_duplicates(_KEY)
    machines = set(sent["coder"]) if "coder" in sent else set()
    here, there = pd.MultiIndex.from_frame(sent[_KEY]), pd.MultiIndex.from_frame(back[_KEY])
    decided = pd.concat(
        [
            sent.assign(
                verdict=pd.Series(here.isin(there), index=sent.index).map(
                    {True: "accepted", False: "rejected"}
                )
            ),
            back[~there.isin(here)].assign(verdict="added"),
        ],
        ignore_index=True,
    )
    coder = decided["coder"] if "coder" in decided else pd.Series(reviewer, index=decided.index)
    decided["reviewer"] = reviewer if reviewer else coder.where(~coder.isin(machines), "ukendt")
    decided["reviewed_at"] = at
    if "comment" not in decided:
        decided["comment"] = None
    rows = decided[list(DECISIONS)].astype(object).to_dict("records")
    return Review(
        decision_table({str(key): value for key, value in row.items()} for row in rows), pd.DataFrame()
    )


def before_after(
    reference: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame, *, notes: pd.DataFrame, **options: Any
) -> pd.DataFrame:
    """Set the F1 of two coders against the same manual codings side by side.

    Parameters
    ----------
    reference
        Manual codings.
    before, after
        Codings of the same notes, for instance before and after retraining.
    notes
        The notes; leave out those that were trained on.
    options
        Passed to :func:`~dagbog_nlp.learning.agreement.agreement`.

    Returns
    -------
    pandas.DataFrame
        One row per code: ``code, reference`` (units coded), ``f1_before, f1_after`` with intervals,
        and ``change``.

    Examples
    --------
    >>> notes = pd.DataFrame({"case_id": "S1", "note_id": ["N1"], "date": pd.NaT,
    ...                       "text": ["Mor græder. Far råber. Vi taltes ved."]})
    >>> manual = pd.DataFrame({"case_id": "S1", "note_id": "N1", "start": [0, 12], "end": [11, 22],
    ...                        "code": ["gråd", "vrede"]})
    >>> table = before_after(manual, manual[:1], manual, notes=notes, resamples=0)
    >>> table.loc[table["code"] == "vrede", ["reference", "f1_after", "change"]].values.tolist()
    [[1.0, 1.0, 1.0]]
    """
    options.setdefault(
        "codes", sorted(set(agreement(reference, reference, notes=notes, resamples=0)["code"][:-1]))
    )
    tables = [agreement(reference, coder, notes=notes, **options) for coder in (before, after)]
    out = tables[0][["code", "a"]].rename(columns={"a": "reference"})
    for name, table in zip(("before", "after"), tables, strict=True):
        for column in [column for column in table if str(column).startswith("f1")]:
            out[str(column).replace("f1", f"f1_{name}")] = table[column]
    out["change"] = out["f1_after"].fillna(0) - out["f1_before"].fillna(0)
    return out


def _manual(decisions: pd.DataFrame) -> pd.DataFrame:
    if not len(decisions):
        return empty(CODINGS)
    frame = decisions[["case_id", "note_id", "start", "end", "code", *_AUDIT]].reset_index(drop=True)
    return check_codings(frame.assign(source="manual", coder=frame["reviewer"].fillna("manual")))
