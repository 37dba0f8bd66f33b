"""Rebuild the shipped model from the corpus: words, combination, thresholds, card.

python benchmarks/rebuild_model.py                        models/familiecenter, on all writers
python benchmarks/rebuild_model.py --without-held-back    held_back_model, for quality.py --held-back

The encoder comes from ``dagbog_nlp.learning.encoder_training``; its files must lie in the model folder.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from quality import CORPUS, HELD_BACK, HERE, encoder_logits, judged_writers, shown, truth_of

import dagbog_nlp as dn
from dagbog_nlp.coding.encoder import ENCODER_FILE, SentenceEncoder
from dagbog_nlp.learning.corpus import read_corpus
from dagbog_nlp.learning.model_card import model_card
from dagbog_nlp.learning.model_store import save
from dagbog_nlp.learning.training import TrainedCoder, fit_ensemble, verdicts

SHIPPED = HERE.parent / "models" / "familiecenter"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--without-held-back", action="store_true")
    parser.add_argument("--encoder", type=Path, help="folder of the encoder's files")
    options = parser.parse_args()
    target = HERE / "held_back_model" if options.without_held_back else SHIPPED
    encoder_folder = options.encoder or target
    left_out = HELD_BACK if options.without_held_back else ()
    writers = [path.stem for path in CORPUS.glob("W*.txt") if path.stem not in left_out]
    corpus = read_corpus(CORPUS, writers=writers)
    sentences, truth = corpus.sentences, truth_of(corpus)
    encoder = SentenceEncoder.load(encoder_folder) if (encoder_folder / ENCODER_FILE).exists() else None
    cases = sentences["case_id"].to_numpy()
    fit = fit_ensemble(
        sentences,
        truth,
        cases,
        encoder=encoder,
        encoder_logits=encoder_logits(sentences, list(truth.columns)) if encoder else None,
        folds_by=sentences["writer"].to_numpy(),
        only_learn=~sentences["writer"].isin(judged_writers()).to_numpy(),
        min_cases=1,
    )
    coder = TrainedCoder(dn.Codebook.load(), fit.ensemble, name="familiecenter")
    coder.evaluation = fit.evaluation(truth, cases, coder.tier)
    coder.verdicts = verdicts(coder.evaluation)
    data = pd.Series(
        {
            "writers": len(writers),
            "cases": corpus.cases["case_id"].nunique(),
            "notes": len(corpus.notes),
            "sentences": len(sentences),
            "coded sentences": int(np.any(truth.to_numpy(), axis=1).sum()),
        }
    )
    save(coder, target, card=model_card(coder, data), encoder_from=encoder_folder if encoder else None)
    print(shown(coder.evaluation).to_markdown())


if __name__ == "__main__":
    main()
