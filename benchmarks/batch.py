"""Time, CPU time and memory of ``dagbog tag`` by size, processes and backend.

The notes are shuffled sentences of the corpus (W6 and W17 are not read): right for speed, worthless for
quality. Memory is the resident set of the process and of each child, read every quarter of a second.

    python benchmarks/batch.py --notes 10000 100000 --jobs 1 2 --coder keywords
    python benchmarks/batch.py --notes 1000000 --jobs 1 --coder none      (the pipeline alone)
    python benchmarks/batch.py --notes 10000 --jobs 2 --backend dask
"""

import argparse
import contextlib
import csv
import random
import tempfile
import threading
import time
from pathlib import Path

import joblib
import psutil

import dagbog_nlp as dn
from dagbog_nlp.batch.run import tag
from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.autocoder import Autocoder
from dagbog_nlp.learning.corpus import read_corpus
from dagbog_nlp.tables import CODINGS, empty

FOLDER = Path(__file__).parent.parent / "data_samples" / "corpus"
WRITERS = [f"W{number}" for number in range(1, 19) if number not in (6, 17)]
NOTES_OF_A_CASE, SENTENCES_OF_A_NOTE = 25, (4, 14)


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


def write_notes(path: Path, count: int) -> None:
    sentences = read_corpus(FOLDER, writers=WRITERS).sentences["text"].tolist()
    pick = random.Random(8)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["Sag", "Notat-id", "Dato", "Tekst"])
        for number in range(count):
            text = " ".join(pick.choices(sentences, k=pick.randint(*SENTENCES_OF_A_NOTE)))
            date = f"{1 + number % 28:02d}-{1 + number % 12:02d}-2023"
            writer.writerow([f"S{number // NOTES_OF_A_CASE}", f"N{number}", date, text])


class Memory:
    """The largest resident set seen of this process and of each child, in MB, and the CPU seconds of all."""

    def __enter__(self):
        self.peak, self.spent = {}, {}
        self._before = sum(psutil.Process().cpu_times()[:2])
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _watch(self):
        me = psutil.Process()
        while not self._stop.wait(0.25):
            for process in (me, *me.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    used = process.memory_info().rss / 2**20
                    self.peak[process.pid] = max(used, self.peak.get(process.pid, 0))
                    self.spent[process.pid] = sum(process.cpu_times()[:2])

    @property
    def cpu_seconds(self):
        return sum(self.spent.values()) - self._before

    def __str__(self):
        sizes = sorted((size for size in self.peak.values() if size > 80), reverse=True)
        return " + ".join(f"{size:.0f}" for size in sizes)


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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--notes", type=int, nargs="+", default=[10_000])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1])
    parser.add_argument("--coder", choices=list(CODERS), default="keywords")
    parser.add_argument("--backend", choices=["loky", "dask"], default="loky")
    parser.add_argument("--model", help="a model folder, instead of the shipped one")
    options = parser.parse_args()
    coder = dn.load(options.model) if options.model else CODERS[options.coder]()
    print("| notes | coder | backend | processes | notes/s | s in all | ms CPU a note | peak MB of each |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for count in options.notes:
            source = Path(folder, f"{count}.csv")
            write_notes(source, count)
            for jobs in options.jobs:
                with Memory() as memory, on_backend(options.backend, jobs):
                    began = time.perf_counter()
                    tagged = tag(
                        source,
                        Path(folder, f"{count}-{jobs}"),
                        coder=coder,
                        n_jobs=None if options.backend == "dask" else jobs,
                        workbooks=False,
                    )
                    seconds = time.perf_counter() - began
                spent = tagged.summary["seconds"]
                rate = count / spent["coding"]
                print(
                    f"| {count} | {options.coder} | {options.backend} | {jobs} | {rate:.0f} | {seconds:.0f} "
                    f"| {memory.cpu_seconds / count * 1000:.2f} | {memory} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
