import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pandas as pd
import pytest

from dagbog_nlp.tables import check_cases, check_codings, check_notes


@pytest.fixture
def notes() -> pd.DataFrame:
    texts = [
        "Mor græder, da vi taler om skolen 😢. Far trøster hende.\r\nDe vil gerne have mere hjælp.",
        "Obs: far aflyser.\nHan er vred på undertegnede 🙄 & <systemet>.\n\nNy tid aftales.",
        "",
        "Jeg er i tvivl, om planen holder.",
    ]
    return check_notes(
        pd.DataFrame(
            {
                "case_id": ["S1", "S1", "S2", "S2"],
                "note_id": ["2024/1", "2024:1", "n3", "N3"],
                "date": ["2024-03-01", "2024-04-01T10:30:00", None, "2024-04-05"],
                "text": texts,
                "focus": ["Familieforhold", None, "Samvær", "Netværk"],
                "ordtal": [12, 14, 0, 7],
            }
        )
    )


@pytest.fixture
def codings(notes: pd.DataFrame) -> pd.DataFrame:
    passages = [
        ("2024/1", "Far trøster hende.", "relationsarbejde/trøste", "keyword", "ordliste", 1.0),
        ("2024/1", "Far trøster hende.", "positiv_alliance/giver_omsorg", "classifier", "maskine", 0.83),
        ("2024/1", "Far trøster hende.", "positiv_alliance", "classifier", "maskine", 0.91),
        ("2024/1", "De vil gerne have mere hjælp.", "relationsarbejde/hjælpe", "manual", "Anna", 1.0),
        ("2024:1", "Han er vred på undertegnede 🙄 & <systemet>.", "negativ_alliance", "manual", "Anna", 1.0),
        ("2024:1", "Han er vred på undertegnede 🙄 & <systemet>.", "negativ_alliance", "manual", "Bo", 1.0),
        ("N3", "Jeg er i tvivl, om planen holder.", "professionel_tvivl", "classifier", "maskine", 0.55),
    ]
    by_note = notes.set_index("note_id")
    rows = []
    for note, passage, code, source, coder, score in passages:
        start = by_note.loc[note, "text"].index(passage)
        cue = (start + 4, start + 10) if source == "keyword" else (None, None)
        span = (start, start + len(passage))
        rows.append((by_note.loc[note, "case_id"], note, *span, code, source, coder, score, *cue))
    names = ["case_id", "note_id", "start", "end", "code", "source", "coder", "score", "cue_start", "cue_end"]
    return check_codings(pd.DataFrame(rows, columns=names), notes)


@pytest.fixture
def cases() -> pd.DataFrame:
    return check_cases(
        pd.DataFrame(
            {
                "case_id": ["S1", "S2", "S9"],
                "team": ["Sandplay", "Familieværkstedet", None],
                "goal_attainment": ["i mål", "på vej", None],
                "problems": [["barnstruktur", "forældrekonflikt"], [], []],
                "enrolled": ["2023-01-02", "2023-02-03", None],
                "grants": [2, None, 1],
                "network_meeting": ["ja", "nej", None],
                "afdeling & hus": ["Blå", "Rød", "Blå"],
            }
        )
    )


@pytest.fixture
def foreign(tmp_path: Path) -> Callable[..., Path]:
    """Write a project as another program might, around the given sources."""

    def build(
        origin: str,
        sources: list[tuple[str, bytes, list[tuple[int, int, str]]]],
        *,
        codes: str = '<Code guid="A0000000-0000-0000-0000-000000000001" name="Vrede" isCodable="true"/>',
        extra: str = "",
        namespace: str = "urn:QDA-XML:project:1.0",
        prefix: str = "",
    ) -> Path:
        user = "B0000000-0000-0000-0000-000000000001"
        parts = []
        files = {}
        for number, (name, data, selections) in enumerate(sources):
            key = f"C0000000-0000-0000-0000-{number:012d}"
            files[f"Sources/{key}.txt"] = data
            rows = "".join(
                f'<PlainTextSelection guid="{{D0000000-0000-0000-{number:04d}-{row:012d}}}"'
                f" name={quoteattr(quote)}"
                f' startPosition="{start}" endPosition="{end}" creatingUser="{user.lower()}">'
                f'<Coding guid="E0000000-0000-0000-{number:04d}-{row:012d}">'
                '<CodeRef targetGUID="a0000000-0000-0000-0000-000000000001"/></Coding></PlainTextSelection>'
                for row, (start, end, quote) in enumerate(selections)
            )
            parts.append(
                f'<TextSource guid="{key}" name={quoteattr(name)} plainTextPath="internal://{key}.txt">{rows}</TextSource>'
            )
        xml = (
            f'<?xml version="1.0" encoding="utf-8"?>{prefix}'
            f'<Project xmlns="{namespace}" name="P" origin={quoteattr(origin)}>'
            f'<Users><User guid="{user}" name="Anna"/></Users><CodeBook><Codes>{codes}</Codes></CodeBook>'
            f"<Sources>{''.join(parts)}</Sources>{extra}</Project>"
        )
        path = tmp_path / "fremmed.qdpx"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("project.qde", xml)
            for name, data in files.items():
                archive.writestr(name, data)
        return path

    return build
