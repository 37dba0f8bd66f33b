"""What must not lose, double or change a row: kills, a full disk, edits, two runs at once, a wild clock."""

import contextlib
import errno
import os
import random
import shutil
import subprocess
import time

import pandas as pd
import pytest

from dagbog_nlp.batch import folder as folder_module
from dagbog_nlp.batch import run, summary
from dagbog_nlp.batch.folder import RunFolder, RunStopped
from dagbog_nlp.batch.run import tag
from dagbog_nlp.errors import InputError

LAYOUTS = pytest.mark.parametrize("single_up_to", [0, 20_000], ids=["parts", "one file"])


class Killed(BaseException):
    """Stands for a kill at a place that the test chooses."""


@pytest.fixture
def tag_year(year, plain_coder, monkeypatch):
    def tag_it(out, single_up_to=0, **options):
        monkeypatch.setattr(run, "SINGLE_FILE_NOTES", single_up_to)
        coder = options.pop("coder", None) or plain_coder()
        settings = {"cases": year / "sager.csv", "coder": coder, "chunk_notes": 10, "workbooks": False}
        return tag(year / "notater.csv", year / out, **{**settings, **options})

    return tag_it


@pytest.fixture
def quick_profiles(monkeypatch):
    """Profiles that depend on the rows as the real ones do, in a tenth of their time."""

    def count(codings, notes, cases, **_):
        counts = codings.groupby(["case_id", "code"]).agg(sentences=("start", "size"), notes=("end", "sum"))
        return counts.reset_index().assign(notes_total=len(notes))

    monkeypatch.setattr(summary, "profile_cases", count)


@LAYOUTS
def test_killed_at_random_moments_and_resumed(year, tag_year, start_run, files_of, single_up_to):
    tag_year("undisturbed", single_up_to)
    moments, kills, longest = random.Random(8 + single_up_to), 0, 0.1
    while True:
        process = start_run(year, year / "killed", single_up_to=single_up_to)
        process.join(moments.uniform(0, longest))
        process.kill()
        longest *= 1.4
        process.join()
        if process.exitcode == 0:
            break
        kills += 1
    assert files_of(year / "killed") == files_of(year / "undisturbed")
    assert kills >= 3


@LAYOUTS
@pytest.mark.usefixtures("quick_profiles")
def test_killed_at_every_step_that_touches_the_disk(year, tag_year, files_of, monkeypatch, single_up_to):
    tag_year("undisturbed", single_up_to, chunk_notes=50)
    step, stopped = 0, True
    while stopped:
        step += 1
        out = f"step{step}"
        with monkeypatch.context() as patch:
            stopped = _stop_at(patch, step)
            with contextlib.suppress(Killed):
                tag_year(out, single_up_to, chunk_notes=50)
                stopped = False
        tag_year(out, single_up_to, chunk_notes=50)
        assert files_of(year / out) == files_of(year / "undisturbed")
    assert step > 12


def _stop_at(patch, step):
    count = iter(range(1, 10_000))

    def counted(real):
        def act(place):
            if not isinstance(place, int) and not place.exists():
                return
            if next(count) == step:
                raise Killed
            real(place)
            if next(count) == step:
                raise Killed

        return act

    patch.setattr(folder_module.os, "fsync", counted(os.fsync))
    patch.setattr(folder_module, "_remove", counted(folder_module._remove))
    return True


def test_a_killed_run_leaves_no_lock_behind(year, tag_year, start_run):
    process = start_run(year, year / "r", seconds=5)
    _wait_for(year / "r" / "manifest.json")
    with pytest.raises(InputError, match="another run is at work"):
        tag_year("r")
    process.kill()
    process.join()
    assert tag_year("r").summary["counts"]["coded"] == 100


def test_two_runs_into_one_folder(year, tag_year):
    with RunFolder(year / "r").locked(), pytest.raises(InputError, match="another run is at work"):
        tag_year("r")
    assert tag_year("r").summary["counts"]["coded"] == 100


@pytest.mark.parametrize("damage", ["truncate", "edit", "remove", "swap"])
def test_a_part_that_was_damaged_is_coded_again(year, tag_year, files_of, damage):
    tag_year("r")
    before = files_of(year / "r")
    part, other = (year / "r" / "codings.parquet" / f"part-00000{number}.parquet" for number in (3, 4))
    data = part.read_bytes()
    if damage == "truncate":
        part.write_bytes(data[: len(data) // 2])
    elif damage == "edit":
        part.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    elif damage == "remove":
        part.unlink()
    else:
        part.write_bytes(other.read_bytes())
    again = tag_year("r")
    assert again.summary["counts"]["chunks_of_an_earlier_run"] == 9
    assert files_of(year / "r") == before


def test_one_file_that_was_edited_is_made_again(year, tag_year, files_of):
    tag_year("r", 20_000)
    before = files_of(year / "r")
    (year / "r" / "codings.parquet").write_bytes(b"edited")
    tag_year("r", 20_000)
    assert files_of(year / "r") == before


def test_a_torn_or_edited_journal_costs_only_its_lines(year, tag_year, files_of):
    tag_year("r")
    before = files_of(year / "r")
    journal = year / "r" / "progress.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"notes": 10', b'"notes": 11')
    journal.write_bytes(b"".join(lines)[:-40])
    assert tag_year("r").summary["counts"]["chunks_of_an_earlier_run"] == 8
    assert files_of(year / "r") == before


def test_a_damaged_manifest_is_refused(year, tag_year):
    tag_year("r")
    (year / "r" / "manifest.json").write_text("{", "utf-8")
    with pytest.raises(InputError, match="damaged"):
        tag_year("r")


@LAYOUTS
@pytest.mark.usefixtures("quick_profiles")
def test_a_full_disk_stops_the_run_and_room_lets_it_go_on(
    year, tag_year, files_of, monkeypatch, single_up_to
):
    tag_year("undisturbed", single_up_to)
    for room in (0, 4, 20):
        writes, real_sync = iter(range(1000)), os.fsync

        def full(number, room=room, writes=writes, real_sync=real_sync):
            if next(writes) >= room:
                raise OSError(errno.ENOSPC, "No space left on device")
            real_sync(number)

        out = f"full{room}"
        with monkeypatch.context() as patch:
            patch.setattr(folder_module.os, "fsync", full)
            with pytest.raises(RunStopped, match="disk is full"):
                tag_year(out, single_up_to)
        tag_year(out, single_up_to)
        assert files_of(year / out) == files_of(year / "undisturbed")


@pytest.fixture
def mounted(tmp_path):
    """A small disk of our own, where the machine lets us mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", str(place)]
    if (
        os.geteuid() != 0
        or mount is None
        or subprocess.run(command, check=False, capture_output=True).returncode
    ):
        pytest.skip("may not mount a disk here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_real_full_disk(year, tag_year, mounted, files_of):
    tag_year("undisturbed")
    with pytest.raises(RunStopped, match="disk is full"):
        tag_year(mounted / "r")
    assert not list(mounted.rglob(".part-*"))
    subprocess.run(["mount", "-o", "remount,size=4m", str(mounted)], check=True)
    assert tag_year(mounted / "r").summary["counts"]["chunks_of_an_earlier_run"] > 0
    assert files_of(mounted / "r") == files_of(year / "undisturbed")


def test_a_read_only_disk(tag_year, mounted):
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    with pytest.raises(InputError, match="cannot be written to"):
        tag_year(mounted / "r")
    with pytest.raises(InputError, match="cannot be written to"):
        tag_year(mounted)


def test_a_folder_that_is_a_file(year, tag_year):
    (year / "r").write_text("", "utf-8")
    with pytest.raises(InputError, match="cannot be written to"):
        tag_year("r")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_source_that_changes_in_mid_run_is_noticed(year, plain_coder, suffix):
    source = year / f"n.{suffix}"
    frame = pd.read_csv(year / "notater.csv", sep=";", dtype=str, keep_default_na=False)

    def save(texts):
        changed = frame.assign(Tekst=texts)
        changed.to_csv(source, index=False) if suffix == "csv" else changed.to_parquet(source)

    def change(notes):
        if notes["note_id"].iloc[0] == "N00030":
            save(frame["Tekst"].str.replace("Mor", "Far"))

    save(frame["Tekst"])
    options = {"chunk_notes": 10, "workbooks": False}
    with pytest.raises(InputError, match="was changed after the run began"):
        tag(source, year / "r", coder=plain_coder(before=change), **options)
    with pytest.raises(InputError, match=f"different now: n.{suffix}"):
        tag(source, year / "r", coder=plain_coder(), **options)
    recoded = tag(source, year / "r", coder=plain_coder(), on_change="recode", **options)
    fresh = tag(source, year / "fresh", coder=plain_coder(), **options)
    pd.testing.assert_frame_equal(recoded.codings(), fresh.codings())


def test_a_clock_that_jumps(year, tag_year, files_of, monkeypatch):
    tag_year("undisturbed")
    jumps = random.Random(3)
    monkeypatch.setattr(time, "time", lambda: jumps.uniform(-1e9, 4e9))
    tagged = tag_year("r", progress=True)
    assert files_of(year / "r") == files_of(year / "undisturbed")
    assert 0 <= tagged.summary["seconds"]["coding"] < 60


def test_a_worker_that_is_killed_is_replaced(year, tag_year, plain_coder, files_of):
    tag_year("undisturbed")
    tag_year("r", coder=plain_coder(die_once=year / "died"), n_jobs=2)
    assert (year / "died").exists()
    assert files_of(year / "r") == files_of(year / "undisturbed")


def test_ctrl_c_says_how_to_go_on(year, tag_year, plain_coder, files_of):
    tag_year("undisturbed")

    def interrupt(notes):
        if notes["note_id"].iloc[0] == "N00040":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        tag_year("r", coder=plain_coder(before=interrupt))
    assert "4 of 10 chunks are coded" in caught.value.__notes__[0]
    assert tag_year("r").summary["counts"]["chunks_of_an_earlier_run"] == 4
    assert files_of(year / "r") == files_of(year / "undisturbed")


def _wait_for(path):
    until = time.monotonic() + 600
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.01)
