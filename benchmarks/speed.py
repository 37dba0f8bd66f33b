"""How fast the fast tier is, beside what only tokenises, what a user would pick instead, and itself.

python benchmarks/speed.py                    speed, stages, peers, one note, two processes
python benchmarks/speed.py --write FILE       the same, also into a file
python benchmarks/speed.py --notes 1000000    memory and time a note over many notes

Notes are drawn from the corpus (not from the writers that are held back) with 2 % of their words changed
into words never met before, new ones in every repetition. Times are CPU seconds of one process and one
thread unless wall time is named. Coder and tokeniser take turns, and change who goes first, so that what
else runs on the machine meets both; a ratio is the median of the repetitions. The notes repeat sentences of
the corpus, which flatters nobody: neither side remembers more than single words (and halves of words).
"""

from __future__ import annotations

import argparse
import functools
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import spacy  # noqa: E402
from quality import CORPUS, HELD_BACK  # noqa: E402
from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: E402
from sklearn.pipeline import make_union  # noqa: E402
from spacy.matcher import PhraseMatcher  # noqa: E402

import dagbog_nlp as dn  # noqa: E402
from dagbog_nlp.coding import (  # noqa: E402
    autocoder,
    context,
    sentence_coder,
    sentence_pieces,
    word_scores,
)
from dagbog_nlp.coding.keywords import KeywordCoder  # noqa: E402
from dagbog_nlp.learning.corpus import read_corpus  # noqa: E402
from dagbog_nlp.notes.sentences import sentence_table  # noqa: E402

NEW_WORDS = 0.02
NOTES = 4000
REPETITIONS = 15
NEVER_FULL = 10_000_000


class Notes:
    """Draws notes like those of the corpus, with new words in them."""

    def __init__(self) -> None:
        writers = [path.stem for path in CORPUS.glob("W*.txt") if path.stem not in HELD_BACK]
        self.corpus = read_corpus(CORPUS, writers=writers).notes
        self._split = [text.split(" ") for text in self.corpus["text"]]
        self._random = random.Random(0)
        self._drawn = 0

    def draw(self, n: int) -> pd.DataFrame:
        rows = [self._random.randrange(len(self._split)) for _ in range(n)]
        frame = self.corpus.iloc[rows].reset_index(drop=True)
        frame["note_id"] = pd.Series([str(self._drawn + at) for at in range(n)], dtype="str")
        frame["text"] = pd.Series([self._with_new_words(self._split[row]) for row in rows], dtype="str")
        self._drawn += n
        return frame

    def _with_new_words(self, words: list[str]) -> str:
        words = list(words)
        n_new = int(len(words) * NEW_WORDS + self._random.random())
        for at in self._random.sample(range(len(words)), n_new):
            word = words[at]
            cut = self._random.randint(0, len(word))
            letters = self._random.choices("abdefghijklmnoprstuvyæøå", k=3)
            words[at] = word[:cut] + "".join(letters) + word[cut:]
        return " ".join(words)


def n_words(notes: pd.DataFrame) -> int:
    return int(notes["text"].str.split().str.len().sum())


def cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def wall(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def tokenise(nlp: spacy.Language, texts: list[str]) -> None:
    for _ in nlp.tokenizer.pipe(texts):
        pass


def against_the_tokeniser(source: Notes) -> dict[str, float]:
    """The fast tier beside spaCy's tokeniser as it comes, whose cache of 10,000 words fills, and without limit."""
    nlp, roomy, coder = spacy.blank("da"), spacy.blank("da"), dn.load(tier="fast")
    roomy.tokenizer.max_cache_size = NEVER_FULL
    first = source.draw(NOTES)
    texts = first["text"].to_list()
    cold = {
        "tokeniser, cold": n_words(first) / cpu(lambda: tokenise(nlp, texts)),
        "fast tier, cold": n_words(first) / cpu(lambda: coder.code(first)),
    }
    tokenise(roomy, texts)
    rows = []
    for repetition in range(REPETITIONS):
        notes = source.draw(NOTES)
        texts = notes["text"].to_list()
        turns = {
            "coding": lambda notes=notes: coder.code(notes),
            "tokeniser": lambda texts=texts: tokenise(nlp, texts),
            "roomy": lambda texts=texts: tokenise(roomy, texts),
        }
        order = list(turns) if repetition % 2 else list(reversed(turns))
        spent = {name: cpu(turns[name]) for name in order}
        rows.append(spent | {"words": n_words(notes), "again": cpu(turns["coding"])})
    times = pd.DataFrame(rows)
    speed = {
        name: times["words"].sum() / times[name].sum() for name in ("tokeniser", "roomy", "coding", "again")
    }
    ratio = times["coding"] / times["tokeniser"]
    return cold | {
        "tokeniser, warm": speed["tokeniser"],
        "tokeniser whose cache never fills, warm": speed["roomy"],
        "fast tier, warm": speed["coding"],
        "fast tier, no new words": speed["again"],
        "notes a second, warm": NOTES * REPETITIONS / times["coding"].sum(),
        "ratio": ratio.median(),
        "lowest ratio": ratio.min(),
        "highest ratio": ratio.max(),
        "ratio to the tokeniser whose cache never fills": (times["coding"] / times["roomy"]).median(),
    }


def peers(source: Notes, n: int = 400) -> dict[str, float]:
    """Words a second of what a user would pick instead; none of them reads context or gives offsets of cues."""
    notes = source.draw(n)
    texts, words = notes["text"].to_list(), n_words(notes)
    book = dn.Codebook.load()
    nlp = spacy.blank("da")
    nlp.add_pipe("sentencizer")
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    plain = [word for code in book if code.keywords for word in code.keywords.words if word.isalpha()]
    matcher.add("keyword", [nlp.make_doc(word) for word in plain])
    textcat = nlp.add_pipe(
        "textcat_multilabel",
        config={
            "model": {
                "@architectures": "spacy.TextCatBOW.v3",
                "exclusive_classes": False,
                "ngram_size": 2,
                "no_output_layer": False,
            }
        },
    )
    for code in book.classified:
        textcat.add_label(code)
    nlp.initialize()

    def spacy_pipeline() -> None:
        for doc in nlp.pipe(texts):
            matcher(doc)

    sentences = sentence_table(notes)["text"].to_list()
    union = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, max_features=50_000),
    )
    matrix = union.fit_transform(sentences)
    coefficients = np.zeros((matrix.shape[1], len(book.classified)), dtype=np.float32)
    keywords = KeywordCoder(book)
    table = sentence_table(notes)
    return {
        "spaCy PhraseMatcher + textcat (note as a whole)": words / cpu(spacy_pipeline),
        "scikit-learn TF-IDF, words 1-2 + char_wb 2-5, linear (sentences given)": words
        / cpu(lambda: union.transform(sentences) @ coefficients),
        "our sentence rules alone, note by note": words / cpu(lambda: sentence_table(notes)),
        "our keyword rules alone, sentence by sentence": words / cpu(lambda: keywords.code(table)),
    }


def latency(source: Notes) -> dict[str, float]:
    coder = dn.load(tier="fast")
    coder.code(source.draw(200))
    texts = source.draw(200)["text"].to_list()
    seconds = sorted(wall(lambda text=text: coder.code(text)) for text in texts)
    start = time.perf_counter()
    loading = [sys.executable, "-c", "import dagbog_nlp as dn; dn.load(tier='fast')"]
    subprocess.run(loading, check=True)
    return {
        "one note, median ms": seconds[100] * 1000,
        "one note, 95th percentile ms": seconds[190] * 1000,
        "a new process imports and loads, s": time.perf_counter() - start,
    }


def two_processes(source: Notes, n: int = 24_000) -> dict[str, float]:
    coder = dn.load(tier="fast")
    coder.code(source.draw(8000), n_jobs=2)
    coder.code(source.draw(4000))
    notes = source.draw(n)
    one = wall(lambda: coder.code(notes))
    two = wall(lambda: coder.code(notes, n_jobs=2))
    return {"one process, s": one, "two processes, s": two, "speed-up": one / two}


STAGES = (
    ("check the notes table", autocoder, "check_notes"),
    ("split, number the pieces", sentence_pieces.SentencePieces, "_numbers"),
    ("- sentence rules on new pieces", sentence_pieces, "_describe"),
    ("- sentence rules on doubtful places", sentence_pieces._Windows, "ask"),
    ("sentences, whole", sentence_pieces.SentencePieces, "cut"),
    ("- keyword rules on new pieces", KeywordCoder, "may_hit"),
    ("- words of sentences with a keyword, and what new ones fulfil", KeywordCoder, "_read"),
    ("- context of hits", context.ContextRules, "read"),
    ("- keyword rules and context on sentences with a keyword", KeywordCoder, "find"),
    ("keywords, whole", sentence_coder.SentenceCoder, "_hits"),
    ("- features of new pieces", word_scores.WordScores, "_rows"),
    ("- log odds from the tables, with new pieces", word_scores.WordScores, "log_odds"),
    ("- cue words", sentence_coder.SentenceCoder, "_cues"),
    ("classifiers, whole", sentence_coder.SentenceCoder, "_by_classifier"),
    ("ids of codings", sentence_coder, "coding_ids"),
    ("all of code()", autocoder.Autocoder, "code"),
)


def stages(source: Notes) -> dict[str, float]:
    """CPU nanoseconds a word of each stage, by timers around the functions."""
    spent = dict.fromkeys((label for label, *_ in STAGES), 0.0)
    originals = [(holder, name, getattr(holder, name)) for _, holder, name in STAGES]

    def timed(label: str, function: Callable) -> Callable:
        @functools.wraps(function)
        def wrapper(*args: object, **kwargs: object) -> object:
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent[label] += time.process_time() - start

        return wrapper

    words = 0
    try:
        for (label, *_), (holder, name, function) in zip(STAGES, originals, strict=True):
            setattr(holder, name, timed(label, function))
        coder = dn.load(tier="fast")
        coder.code(source.draw(NOTES))
        spent.update(dict.fromkeys(spent, 0.0))
        for _ in range(3):
            notes = source.draw(NOTES)
            words += n_words(notes)
            coder.code(notes)
    finally:
        for holder, name, function in originals:
            setattr(holder, name, function)
    return {label: seconds / words * 1e9 for label, seconds in spent.items()}


def memory(largest: int) -> pd.DataFrame:
    """Code notes 1,000 at a time and forget them: time a note since the last mark, and the process's peak."""
    source, coder = Notes(), dn.load(tier="fast")
    coder.code(source.draw(2000))
    rows, seconds, since = [], 0.0, 0
    for done in range(1000, largest + 1, 1000):
        notes = source.draw(1000)
        seconds += cpu(lambda notes=notes: coder.code(notes))
        since += 1000
        if done in (1_000, 10_000, 100_000, 300_000, 1_000_000):
            status = Path("/proc/self/status").read_text()
            peak = (
                int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
            )
            rows.append(
                {"notes": done, "CPU us a note": round(seconds / since * 1e6), "peak MB": round(peak)}
            )
            print(rows[-1], flush=True)
            seconds, since = 0.0, 0
    return pd.DataFrame(rows)


def listed(title: str, figures: dict[str, float], unit: str = "") -> str:
    lines = [
        f"| {name} | {value:,.0f}{unit} |" if value >= 100 else f"| {name} | {value:.2f}{unit} |"
        for name, value in figures.items()
    ]
    return "\n".join([f"## {title}", "", "| | |", "|---|---:|", *lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", type=Path)
    parser.add_argument("--notes", type=int)
    options = parser.parse_args()
    if options.notes:
        table = memory(options.notes).to_markdown(index=False)
        print(f"## Streamed\n\n{table}")
        return
    source = Notes()
    parts: list[str] = []

    def show(part: str) -> None:
        print(part, flush=True)
        parts.append(part)

    show(listed("Beside spaCy's bare tokeniser, words a second", against_the_tokeniser(source)))
    show(listed("Where the time goes, CPU ns a word", stages(source)))
    show(listed("Beside what a user would pick instead, words a second", peers(source)))
    show(listed("One note", latency(source)))
    show(listed("Two processes, wall time", two_processes(source)))
    if options.write:
        options.write.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
