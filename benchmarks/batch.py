"""Time, CPU time and memory of ``dagbog tag`` by size, processes and backend.

The notes are shuffled sentences of the corpus (W6 and W17 are not read) in which 2 % of the words are
changed into words never met before: right for speed, worthless for quality. Every run has a process of its
own, and this one watches: memory is the largest resident set of that process and of each of its children,
read every fifth of a second; CPU time is that of all of them, from when the coder is loaded.

    python benchmarks/batch.py --notes 10000 100000 1000000 --jobs 1 2        (half an hour on two cores)
    python benchmarks/batch.py --notes 100000 --jobs 2 --backend loky dask
    python benchmarks/batch.py --notes 1000000 --coder none                   (the pipeline alone)

Rows come as they are measured, so a long run goes well in the background, with its log in a file.
"""

import argparse
import contextlib
import csv
import multiprocessing
import random
import tempfile
import time
from pathlib import Path

import joblib
import psutil
from joblib.externals.loky import get_reusable_executor

import dagbog_nlp as dn
from dagbog_nlp.batch.run import tag
from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.autocoder import Autocoder
from dagbog_nlp.learning.corpus import read_corpus
from dagbog_nlp.tables import CODINGS, empty

FOLDER = Path(__file__).parent.parent / "data_samples" / "corpus"
WRITERS = [f"W{number}" for number in range(1, 27) if number not in (6, 17)]
NOTES_OF_A_CASE, SENTENCES_OF_A_NOTE = 25, (4, 14)
LETTERS = "abdefghijklmnoprstuvyæøå"
HEADINGS = {
    "notes": "notes",
    "coder": "coder",
    "backend": "backend",
    "jobs": "processes",
    "rate": "notes/s, coding",
    "coding": "s coding",
    "all": "s in all",
    "wall": "ms a note",
    "cpu": "ms CPU a note",
    "peak": "peak MB of each process",
}


class NoCoder:
    """Codes nothing: what is left is reading, writing and keeping the books."""

    name, model, tier, codebook, folder = "none", "", "", None, None

    def code(self, notes):
        return empty(CODINGS)


CODERS = {
    "none": NoCoder,
    "keywords": lambda: Autocoder(Codebook.load()),
    "fast": lambda: dn.load(tier="fast"),
    "accurate": lambda: dn.load(tier="accurate"),
}


def write_notes(path: Path, count: int, new_words: float) -> None:
    sentences = read_corpus(FOLDER, writers=WRITERS).sentences["text"].tolist()
    draw = random.Random(8)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["Sag", "Notat-id", "Dato", "Tekst"])
        for number in range(count):
            words = " ".join(draw.choices(sentences, k=draw.randint(*SENTENCES_OF_A_NOTE))).split(" ")
            for place in draw.sample(range(len(words)), int(len(words) * new_words + draw.random())):
                cut = draw.randint(0, len(words[place]))
                new = "".join(draw.choices(LETTERS, k=3))
                words[place] = words[place][:cut] + new + words[place][cut:]
            date = f"{1 + number % 28:02d}-{1 + number % 12:02d}-2023"
            writer.writerow([f"S{number // NOTES_OF_A_CASE}", f"N{number}", date, " ".join(words)])


@contextlib.contextmanager
def on_backend(name: str, jobs: int):
    if name == "loky":
        yield
        return
    from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra

    with (
        LocalCluster(jobs, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        yield


def run(source: Path, out: Path, coder: str, backend: str, jobs: int, results) -> None:
    loaded = CODERS[coder]() if coder in CODERS else dn.load(coder)
    start = time.process_time()
    with on_backend(backend, jobs):
        began = time.perf_counter()
        n_jobs = None if backend == "dask" else jobs
        tagged = tag(source, out, coder=loaded, n_jobs=n_jobs, workbooks=False, progress=False)
        in_all = time.perf_counter() - began
    results.put((tagged.summary["seconds"]["coding"], in_all, start))
    get_reusable_executor().shutdown()


def watch(process) -> tuple[float, list[float]]:
    """CPU seconds of a process and its children until it ends, and the largest resident set of each in MB."""
    peak, spent = {}, {}
    top = psutil.Process(process.pid)
    while process.is_alive():
        with contextlib.suppress(psutil.Error):
            for each in (top, *top.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    peak[each.pid] = max(each.memory_info().rss / 2**20, peak.get(each.pid, 0))
                    spent[each.pid] = sum(each.cpu_times()[:2])
        process.join(0.2)
    return sum(spent.values()), sorted((size for size in peak.values() if size > 80), reverse=True)


def measure(source: Path, out: Path, count: int, coder: str, backend: str, jobs: int) -> dict:
    spawn = multiprocessing.get_context("spawn")
    results = spawn.SimpleQueue()
    process = spawn.Process(target=run, args=(source, out, coder, backend, jobs, results))
    process.start()
    cpu, peaks = watch(process)
    if process.exitcode:
        raise SystemExit(f"the run of {count} notes ended with {process.exitcode}")
    coding, in_all, start = results.get()
    return {
        "notes": f"{count:,}",
        "coder": coder,
        "backend": backend,
        "jobs": jobs,
        "rate": f"{count / coding:,.0f}",
        "coding": f"{coding:.1f}",
        "all": f"{in_all:.1f}",
        "wall": f"{in_all / count * 1000:.3f}",
        "cpu": f"{(cpu - start) / count * 1000:.3f}",
        "peak": " + ".join(f"{size:.0f}" for size in peaks),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--notes", type=int, nargs="+", default=[10_000])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1])
    parser.add_argument("--coder", default="fast", help=f"{', '.join(CODERS)}, or a model folder")
    parser.add_argument("--backend", choices=["loky", "dask"], nargs="+", default=["loky"])
    parser.add_argument("--new-words", type=float, default=0.02, help="share of words never met before")
    options = parser.parse_args()
    print("| " + " | ".join(HEADINGS.values()) + " |")
    print("|" + "---|" * len(HEADINGS), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for count in options.notes:
            source = Path(folder, f"{count}.csv")
            write_notes(source, count, options.new_words)
            for backend in options.backend:
                for jobs in options.jobs:
                    out = Path(folder, f"{count}-{backend}-{jobs}")
                    row = measure(source, out, count, options.coder, backend, jobs)
                    print("| " + " | ".join(str(row[name]) for name in HEADINGS) + " |", flush=True)


if __name__ == "__main__":
    main()
