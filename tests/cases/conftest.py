"""51 fictitious cases whose marginals are those of the report's tables 2 to 5."""

import numpy as np
import pandas as pd
import pytest

GOALS = ["i mål", "på vej", "ikke i mål"]
SEVERITY = {"i mål": (6, 4, 10), "på vej": (5, 8, 1), "ikke i mål": (7, 7, 3)}
CODED = {
    "negativ_alliance/alliancebrud": (18, 10, 13),
    "positiv_alliance/tryg_atmosfære": (13, 11, 9),
    "professionel_tvivl": (15, 7, 8),
    "relationsarbejde/kontakt": (14, 9, 13),
}
TEXT = "Første sætning her. Anden sætning her. "


@pytest.fixture(scope="session")
def published():
    """Cases, two notes each, codings: doubt in the first note, adjustment in the second where reflective."""
    cases = pd.DataFrame(
        [
            {"case_id": f"{goal}-{i:02d}", "goal_attainment": goal, "severity": severity}
            for goal in GOALS
            for i, severity in enumerate(np.repeat(["svær", "mellem", "let"], SEVERITY[goal]))
        ]
    )
    notes = pd.DataFrame(
        [
            {"case_id": case, "note_id": f"{case}-{n}", "date": date, "text": TEXT}
            for case in cases["case_id"]
            for n, date in enumerate(["2019-02-01", "2019-05-01"])
        ]
    ).assign(date=lambda table: pd.to_datetime(table["date"]))
    rows = []
    for code, numbers in CODED.items():
        for goal, number in zip(GOALS, numbers, strict=True):
            own = cases[cases["goal_attainment"] == goal]
            order = _doubtful_first(own, goal) if code == "professionel_tvivl" else list(own["case_id"])
            rows += [(case, f"{case}-0", 0, 19, code) for case in order[:number]]
    for goal in GOALS:
        own = cases[cases["goal_attainment"] == goal]
        reflective = _reflective(own, goal)
        rows += [(case, f"{case}-1", 0, 19, "indsatsjustering/indsats") for case in reflective]
    codings = pd.DataFrame(rows, columns=["case_id", "note_id", "start", "end", "code"])
    return cases, notes, codings


def _reflective(own, goal):
    """Eight in goal of all severities, of which two light; nine not in goal, of which four severe."""
    take = {"i mål": (4, 2, 2), "på vej": (2, 2, 0), "ikke i mål": (2, 2, 1)}[goal]
    return [
        case
        for severity, number in zip(("svær", "mellem", "let"), take, strict=True)
        for case in own.loc[own["severity"] == severity, "case_id"].head(number)
    ]


def _doubtful_first(own, goal):
    first = _reflective(own, goal)
    return first + [case for case in own["case_id"] if case not in first]
