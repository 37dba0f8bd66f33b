"""Save and load models: a folder of plain files with hashes, and nothing that can run code."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import tomllib
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import skops.io

from dagbog_nlp.atomic import give_usual_rights
from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.autocoder import Autocoder
from dagbog_nlp.coding.combination import Combination
from dagbog_nlp.coding.encoder import CONTEXT_FILE, ENCODER_FILE, TOKENIZER_FILE, SentenceEncoder
from dagbog_nlp.coding.ensemble import Ensemble
from dagbog_nlp.errors import InputError, ModelError, NotFittedError

FORMAT = 1
CARD_FILE, MODEL_FILE, CLASSIFIER_FILE, CODEBOOK_FILE = (
    "CARD.md",
    "model.toml",
    "classifier.skops",
    "codebook.yaml",
)
ENCODER_FILES = (ENCODER_FILE, CONTEXT_FILE, TOKENIZER_FILE)
TRUSTED = (
    "dagbog_nlp.coding.classifier.SentenceClassifier",
    "dagbog_nlp.coding.features.WordFeatures",
)
SHIPPED = "familiecenter"


def load(model: str | Path = SHIPPED, *, tier: str | None = None) -> Autocoder:
    """Load a coder from a model folder.

    Parameters
    ----------
    model
        A folder that :func:`save` wrote, or the name of a model that ships (``"familiecenter"``).
    tier
        ``"accurate"`` (encoder and words) or ``"fast"`` (words only); the best there is when None.

    Returns
    -------
    Autocoder

    Raises
    ------
    ModelError
        No such folder, a file that is missing or was changed, another format, or a type that is
        not allowed in a model file.

    Examples
    --------
    >>> coder = load(tier="fast")
    >>> coder.tier
    'fast'
    """
    folder = _find(model)
    try:
        card = tomllib.loads((folder / MODEL_FILE).read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(
            "the model has no readable model.toml", file=folder, fix="save the model again"
        ) from error
    if card.get("format") != FORMAT:
        raise ModelError(
            f"the model has format {card.get('format')}, this version reads {FORMAT}",
            file=folder,
            fix="use the version of dagbog-nlp that saved it, or train again",
        )
    for name, wanted in card["files"].items():
        if not (folder / name).is_file() or file_hash(folder / name) != wanted:
            raise ModelError(f"{name} is missing or was changed", file=folder, fix="restore the model folder")
    stored = _read_classifier(folder / CLASSIFIER_FILE)
    encoder = None
    if ENCODER_FILE in card["files"] and tier != "fast":
        encoder = SentenceEncoder.load(folder)
    combinations = {
        name: Combination.from_dict(data)
        for name, data in stored["combinations"].items()
        if encoder is not None or name == "fast"
    }
    ensemble = Ensemble(stored["words"], combinations, stored["vectors"], encoder)
    coder = Autocoder(
        Codebook.load(folder / CODEBOOK_FILE), ensemble, name=card["name"], model=card["hash"], tier=tier
    )
    coder.folder = folder
    return coder


def save(
    coder: Autocoder, folder: str | Path, *, card: str = "", encoder_from: str | Path | None = None
) -> Path:
    """Save a trained coder as a folder, whole or not at all.

    Parameters
    ----------
    coder
        A trained coder.
    folder
        Where to; an earlier model there is replaced.
    card
        Text of the model card; a short one is written when empty.
    encoder_from
        Folder that holds the encoder's files; where the coder's encoder was loaded from when None.

    Returns
    -------
    pathlib.Path
        `folder`.
    """
    if coder.ensemble is None:
        raise NotFittedError("this coder has keyword rules only; there is nothing to save but its codebook")
    target = Path(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        ensemble = coder.ensemble
        coder.codebook.save(work / CODEBOOK_FILE)
        content = {
            "words": dict(ensemble.words),
            "vectors": dict(ensemble.vectors),
            "combinations": {name: value.to_dict() for name, value in ensemble.combinations.items()},
        }
        skops.io.dump(content, work / CLASSIFIER_FILE, compression=zipfile.ZIP_DEFLATED)
        if ensemble.encoder is not None:
            source = Path(encoder_from) if encoder_from is not None else ensemble.encoder.folder
            for name in ENCODER_FILES:
                shutil.copyfile(source / name, work / name)
        hashes = {path.name: file_hash(path) for path in sorted(work.iterdir())}
        coder.model = hashlib.sha256("".join(hashes.values()).encode()).hexdigest()[:12]
        (work / CARD_FILE).write_text(card or _short_card(coder), encoding="utf-8")
        (work / MODEL_FILE).write_text(_toml(coder, hashes), encoding="utf-8")
        give_usual_rights(work, 0o777)
        _replace_folder(work, target)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    coder.folder = target
    return target


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find(model: str | Path) -> Path:
    folder = Path(model)
    if folder.is_dir():
        return folder
    package = Path(str(files("dagbog_nlp")))
    for shipped in (package / "models", package.parent / "models"):
        if (shipped / str(model) / MODEL_FILE).is_file():
            return shipped / str(model)
    raise ModelError(f"there is no model {folder.name}", fix="pass the folder that save wrote")


def _read_classifier(path: Path) -> dict[str, Any]:
    try:
        unknown = [name for name in skops.io.get_untrusted_types(file=path) if name not in TRUSTED]
    except Exception as error:
        raise ModelError(
            "the classifier file is not readable", file=path, fix="restore the model folder"
        ) from error
    if unknown:
        raise ModelError(
            f"the classifier file holds types that are not allowed: {', '.join(sorted(unknown))}",
            file=path,
            fix="do not use this model: it was not made by dagbog-nlp",
        )
    content: dict[str, Any] = skops.io.load(path, trusted=list(TRUSTED))
    return content


def _toml(coder: Autocoder, hashes: dict[str, str]) -> str:
    lines = [
        f"format = {FORMAT}",
        f"name = {json.dumps(coder.name, ensure_ascii=False)}",
        f"hash = {json.dumps(coder.model)}",
        f"codebook = {json.dumps(coder.codebook.hash)}",
        "",
        "[files]",
        *(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in hashes.items()),
    ]
    return "\n".join(lines) + "\n"


def _short_card(coder: Autocoder) -> str:
    codes = "\n".join(f"- {code}" for code in coder.ensemble.codes) if coder.ensemble else ""
    return f"# {coder.name}\n\nModel {coder.model}, codebook {coder.codebook.hash}. It codes:\n\n{codes}\n"


def _replace_folder(work: Path, target: Path) -> None:
    if not target.exists():
        work.replace(target)
        return
    if not target.is_dir() or (any(target.iterdir()) and not (target / MODEL_FILE).is_file()):
        raise InputError(
            "the folder holds something else than a model", file=target, fix="choose an empty folder"
        )
    old = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-old-"))
    old.rmdir()
    target.replace(old)
    work.replace(target)
    shutil.rmtree(old)
