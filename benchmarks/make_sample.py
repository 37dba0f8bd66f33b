"""Make data_samples/notater.csv and sager.csv: a year of a small centre, from the annotated corpus.

Three cases of each of sixteen writers. The whole course of a case is moved by whole years, so that it
closes in 2023; dates written in the texts therefore keep their day and month. Written as Danish Excel
writes csv: semicolons, dd-mm-yyyy, UTF-8 with byte order mark, texts with line breaks in quotes.

    python benchmarks/make_sample.py
"""

import csv
from pathlib import Path

import pandas as pd

from dagbog_nlp.learning.corpus import read_corpus

FOLDER = Path(__file__).parent.parent / "data_samples"
WRITERS = [f"W{number}" for number in range(1, 19) if number not in (6, 17)]
CLOSING_YEAR = 2023
CASES_OF_A_WRITER = 3


def moved(dates: pd.Series, years: pd.Series) -> pd.Series:
    pairs = zip(dates, years, strict=True)
    return pd.Series([date + pd.DateOffset(years=int(count)) for date, count in pairs], index=dates.index)


def danish(dates: pd.Series) -> pd.Series:
    return dates.dt.strftime("%d-%m-%Y")


def write(frame: pd.DataFrame, path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
        writer.writerow(frame.columns)
        writer.writerows(frame.itertuples(index=False))


def main() -> None:
    corpus = read_corpus(FOLDER / "corpus", writers=WRITERS)
    cases = corpus.cases.groupby(corpus.cases["case_id"].str.split("-").str[0], sort=False).head(
        CASES_OF_A_WRITER
    )
    years = (CLOSING_YEAR - cases["discharged"].dt.year).set_axis(cases["case_id"])
    notes = corpus.notes[corpus.notes["case_id"].isin(cases["case_id"])]
    note_dates = moved(notes["date"], notes["case_id"].map(years))
    case_years = pd.Series(years.to_numpy(), index=cases.index)
    yes_no = {True: "ja", False: "nej"}
    write(
        pd.DataFrame(
            {
                "Sag": notes["case_id"],
                "Notat-id": notes["note_id"],
                "Dato": danish(note_dates),
                "Opmærksomhedspunkt": notes["focus"],
                "Team": notes["team"],
                "Tekst": notes["text"],
            }
        ),
        FOLDER / "notater.csv",
    )
    write(
        pd.DataFrame(
            {
                "Sag": cases["case_id"],
                "Team": cases["team"],
                "Målopnåelse": cases["goal_attainment"],
                "Problemgrad": cases["severity"],
                "Problemkategori": cases["problems"].map(", ".join),
                "Indskrevet": danish(moved(cases["enrolled"], case_years)),
                "Udskrevet": danish(moved(cases["discharged"], case_years)),
                "Bevillinger": cases["grants"],
                "Netværksmøde": cases["network_meeting"].map(yes_no),
                "Reflekteret": cases["reflective"].map(yes_no),
            }
        ),
        FOLDER / "sager.csv",
    )


if __name__ == "__main__":
    main()
