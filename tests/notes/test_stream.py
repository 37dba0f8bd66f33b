import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagbog_nlp.errors import InputError
from dagbog_nlp.notes.read import read_notes
from dagbog_nlp.notes.stream import scan_notes

TEXTS = st.text(st.sampled_from('aøÆ "\n\r;,\t👍🏽é\u200f\x00.'), max_size=30)
QUICK = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def notes_frame(texts):
    numbers = range(len(texts))
    return pd.DataFrame(
        {
            "sag": [f"S{number // 3}" for number in numbers],
            "notat_id": [f"N{number}" for number in numbers],
            "dato": ["03-02-2024" for _ in numbers],
            "tekst": texts,
        }
    )


def read_all(stream):
    return pd.concat([stream.read(chunk) for chunk in stream.chunks], ignore_index=True)


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


@QUICK
@given(
    texts=st.lists(TEXTS, min_size=1, max_size=12),
    size=st.integers(1, 5),
    delimiter=st.sampled_from(";,\t|"),
    encoding=st.sampled_from(["utf-8-sig", "utf-16"]),
)
def test_csv_chunks_together_are_what_the_whole_file_reader_reads(texts, size, delimiter, encoding, tmp_path):
    path = tmp_path / "notater.csv"
    notes_frame(texts).to_csv(path, index=False, sep=delimiter, encoding=encoding, lineterminator="\r\n")
    stream = scan_notes(path, chunk_notes=size)
    pd.testing.assert_frame_equal(read_all(stream), read_notes(path))
    assert not stream.bad


@pytest.mark.parametrize("row_group", [1, 7, 100])
@pytest.mark.parametrize("size", [3, 10, 100])
def test_parquet_chunks_are_the_file_whatever_its_row_groups(tmp_path, row_group, size):
    path = tmp_path / "notater.parquet"
    frame = notes_frame([f"Notat {number}." for number in range(50)]).assign(team="Øst", alder=7)
    pq.write_table(pa.Table.from_pandas(frame), path, row_group_size=row_group)
    stream = scan_notes(path, chunk_notes=size)
    expected = read_notes(path).drop(columns="alder")
    pd.testing.assert_frame_equal(read_all(stream), expected)
    order = np.random.default_rng(1).permutation(len(stream.chunks))
    shuffled = [stream.read(stream.chunks[number]) for number in order]
    again = pd.concat([shuffled[position] for position in np.argsort(order)], ignore_index=True)
    pd.testing.assert_frame_equal(again, expected)


def test_number_ids_with_gaps_read_the_same_in_every_chunk(tmp_path):
    path = tmp_path / "notater.parquet"
    frame = notes_frame(["a", "b", "c", "d"]).assign(notat_id=pd.array([1, 2, None, 4], dtype="Int64"))
    frame.to_parquet(path)
    stream = scan_notes(path, chunk_notes=2)
    assert read_all(stream)["note_id"].tolist() == ["1", "2", "4"]
    assert [(bad.row, bad.reason) for bad in stream.bad] == [(4, "notatet har intet note_id")]


def test_excel_is_read_in_chunks_too(tmp_path):
    path = tmp_path / "notater.xlsx"
    notes_frame(["en", "to", 3, "fire", ""]).to_excel(path, index=False)
    stream = scan_notes(path, chunk_notes=2)
    assert read_all(stream)["text"].tolist() == ["en", "to", "fire", ""]
    assert [(bad.row, bad.note_id, bad.reason) for bad in stream.bad] == [(4, "N2", "teksten er ikke tekst")]


def test_every_kind_of_bad_row_is_named_and_left_out(tmp_path):
    text = (
        "sag;notat_id;dato;tekst\n"
        "S1;N1;03-02-2024;God.\n"
        "S1;N1;04-02-2024;Samme id.\n"
        "S1;N2;31-02-2024;Umulig dato.\n"
        ";N3;05-02-2024;Ingen sag.\n"
        "\n"
        "S1;;05-02-2024;Intet id.\n"
        "S1;N5;05-02-2024;For;mange felter.\n"
        "S1;N6;;Uden dato er i orden.\n"
    )
    stream = scan_notes(write(tmp_path / "notater.csv", text), chunk_notes=3)
    assert [(bad.row, bad.note_id, bad.reason) for bad in stream.bad] == [
        (3, "N1", "note_id er brugt før"),
        (4, "N2", "datoen findes ikke"),
        (5, "N3", "notatet har ingen sag"),
        (7, "", "notatet har intet note_id"),
        (8, "", "rækken har 5 felter, overskriften 4"),
    ]
    assert read_all(stream)["note_id"].tolist() == ["N1", "N6"]
    assert stream.notes == 2


def test_a_doubled_id_is_found_across_files(tmp_path):
    for name in ("a.csv", "b.csv"):
        notes_frame(["en"]).to_csv(tmp_path / name, sep=";", index=False)
    stream = scan_notes(str(tmp_path / "*.csv"))
    assert [(bad.file, bad.note_id) for bad in stream.bad] == [("b.csv", "N0")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16-le", "utf-16-be"])
def test_encodings(tmp_path, encoding):
    texts = ["Får hjælp på Ærø.", "Ingenting.", "Åh – “ja”…"]
    mark = "\ufeff" if encoding.startswith("utf-16") else ""
    text = notes_frame(texts).rename(columns={"dato": "mødedato"}).to_csv(sep=";", index=False)
    path = write(tmp_path / "notater.csv", mark + text, encoding)
    assert read_all(scan_notes(path, chunk_notes=1))["text"].tolist() == texts


def test_half_a_character_in_utf16_leaves_its_row_out(tmp_path):
    text = "\ufeffsag;notat_id;dato;tekst\nS1;N1;03-02-2024;Hej \ud83d.\nS1;N2;03-02-2024;Hej 👍.\n"
    (tmp_path / "n.csv").write_bytes(text.encode("utf-16-le", "surrogatepass"))
    stream = scan_notes(tmp_path / "n.csv")
    assert [(bad.row, bad.note_id, bad.reason) for bad in stream.bad] == [(2, "N1", "teksten er ikke tekst")]
    assert read_all(stream)["text"].tolist() == ["Hej 👍."]


def test_a_row_in_another_encoding_is_left_out_and_the_rest_kept(tmp_path):
    good = "sag;notat_id;dato;tekst\nS1;N1;03-02-2024;Får hjælp.\nS1;N2;03-02-2024;På Ærø.\n".encode()
    (tmp_path / "n.csv").write_bytes(good + "S1;N3;03-02-2024;Også på Fyn.\n".encode("cp1252"))
    stream = scan_notes(tmp_path / "n.csv")
    assert [(bad.row, bad.note_id, bad.reason) for bad in stream.bad] == [(4, "N3", "teksten er ikke tekst")]
    assert read_all(stream)["text"].tolist() == ["Får hjælp.", "På Ærø."]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("n.csv", b"", "empty"),
        ("n.csv", b"sag;notat_id;dato;tekst\n", "no notes"),
        ("n.csv", b"sag;dato;tekst\nS1;03-02-2024;Hej\n", "note_id"),
        ("n.csv", "sag;notat_id;dato;tekst\nS1;N1;03-02-2024;Hej\n".encode("utf-16")[:-1], "of a character"),
        ("n.csv", 'sag;notat_id;dato;tekst\nS1;N1;03-02-2024;"Hej\n'.encode("utf-16"), "never closed"),
        ("n.csv", "".encode("utf-16"), "empty"),
        ("n.csv", b'sag;notat_id;dato;tekst\nS1;N1;03-02-2024;"Hej\nS1;N2;03-02-2024;Hej\n', "never closed"),
        ("n.parquet", b"PAR1 nothing", "parquet"),
        ("n.doc", b"", "not read"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_an_error(tmp_path, name, content, problem):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=problem) as caught:
        scan_notes(tmp_path / name)
    assert "Hej" not in str(caught.value)


def test_a_column_of_bytes_is_not_text(tmp_path):
    notes_frame([b"en"]).to_parquet(tmp_path / "n.parquet")
    with pytest.raises(InputError, match="not text"):
        scan_notes(tmp_path / "n.parquet")


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_a_file_that_changes_after_the_scan_is_noticed(tmp_path, suffix):
    def save(texts):
        frame = notes_frame(texts)
        path = tmp_path / f"n.{suffix}"
        {"csv": frame.to_csv, "parquet": frame.to_parquet, "xlsx": frame.to_excel}[suffix](path, index=False)
        return path

    stream = scan_notes(save(["en", "to"]))
    save(["en", "fo"])
    from dagbog_nlp.notes import table_chunks

    table_chunks._excel.cache_clear()
    with pytest.raises(InputError, match="changed"):
        stream.read(stream.chunks[0])


def test_a_file_that_is_gone_is_an_error(tmp_path):
    path = write(tmp_path / "n.csv", "sag;notat_id;dato;tekst\nS1;N1;03-02-2024;Hej.\n")
    stream = scan_notes(path)
    path.unlink()
    with pytest.raises(InputError, match="cannot be read any more"):
        stream.read(stream.chunks[0])


def test_nothing_found_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        scan_notes(tmp_path / "*.csv")
