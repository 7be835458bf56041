"""The network that a run has trained, ready to classify image files."""

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import Tensor, nn

from askwell.batches import ActiveDataModule
from askwell.command.trust import builds_known
from askwell.embedding.base import Learns
from askwell.errors import UserError
from askwell.images.pixels import BrokenImageError, read
from askwell.run.checkpoint import SafeCheckpointIO
from askwell.run.notes import FOLDER
from askwell.run.run_json import read_run

AT_ONCE = 128
"""Images in one pass."""
LEARNED = "learned from the pool: "
"""Before the names of weights that the encoder learned; no part of a network is called so."""
FACTS, WEIGHTS = "model.json", "weights.pt"
"""The files of a network that was exported."""


@dataclass(frozen=True)
class Recipe:
    """What a trained network is built from and what it is shown: plain values."""

    classes: list[str]
    image_size: int
    channels: int
    bits: int | None
    model: dict[str, Any]
    embedding: dict[str, Any] | None = None  # of a head: what makes its rows
    encoder: str | None = None  # the digest of the encoder that made them


@dataclass(frozen=True)
class Trained:
    """A classifier, and the encoder whose rows it takes where it is a head."""

    model: nn.Module
    encoder: Any
    recipe: Recipe

    @classmethod
    def of(cls, folder: Path, trust: bool = False) -> "Trained":
        """The network of the run in `folder`, as its last checkpoint has it, or the exported one
        there.

        Raises UserError where nothing is trained yet, where the folder names what is not Askwell's
        and is not trusted, and where an encoder is not the one that the head was trained with.
        """
        is_exported = (folder / FACTS).is_file()
        recipe, weights = _exported(folder) if is_exported else _of_run(folder)
        if not (trust or builds_known([recipe.model, recipe.embedding], "model")):
            raise UserError(
                f"{folder} names a model that is not Askwell's and could run anything: "
                "if you trust whoever made the folder, add --trust"
            )
        model = instantiate(recipe.model)
        learned = {name: weights.pop(name) for name in list(weights) if name.startswith(LEARNED)}
        model.load_state_dict(weights)
        return cls(model.eval(), _encoder(folder, recipe, learned), recipe)

    @property
    def classes(self) -> list[str]:
        return self.recipe.classes

    def logits(self, pixels: Tensor) -> Tensor:
        """Logits [B, C] of uint8 pixels [B, channels, H, W]."""
        return self.model(pixels if self.encoder is None else self.encoder(pixels))

    def probabilities(self, files: Sequence[Path]) -> Iterator[tuple[int, Tensor]]:
        """(place among `files`, probability of each class [C]) of those that can be read."""
        recipe = self.recipe
        read_file = partial(
            _pixels, size=recipe.image_size, channels=recipe.channels, bits=recipe.bits
        )
        with ThreadPoolExecutor() as threads, torch.inference_mode():
            for start in range(0, len(files), AT_ONCE):
                images = list(threads.map(read_file, files[start : start + AT_ONCE]))
                places = [place for place, image in enumerate(images) if image is not None]
                if not places:
                    continue
                batch = np.stack([image for image in images if image is not None])
                logits = self.logits(torch.from_numpy(batch).permute(0, 3, 1, 2))
                rows = logits.float().softmax(dim=1)
                yield from ((start + place, row) for place, row in zip(places, rows, strict=True))


def _of_run(folder: Path) -> tuple[Recipe, dict[str, Tensor]]:
    run, config = read_run(folder), folder / FOLDER / "config.yaml"
    if run is None or not config.is_file():
        raise UserError(
            f"{folder} holds no run and no exported model: expected run.json and {FOLDER}, or "
            f"{FACTS}, in it"
        )
    checkpoint = folder / "checkpoints" / "last.ckpt"
    if not (checkpoint.exists() or checkpoint.with_name("last.ckpt.previous").exists()):
        raise UserError(f"{folder} has no trained network yet: answer its first question")
    content = SafeCheckpointIO().load_checkpoint(checkpoint)
    learned = content.get(ActiveDataModule.__qualname__, {}).get("encoder") or {}
    weights = content["state_dict"] | {LEARNED + name: one for name, one in learned.items()}
    cfg: Any = OmegaConf.load(config)
    cfg.dataset.num_classes = len(run["classes"])
    is_head = cfg.model.get("inputs") == "embeddings"
    if is_head:
        cfg.embedding.features = len(weights["standardise.scale"])
    parts: Any = {
        name: OmegaConf.to_container(cfg[name], resolve=True)
        for name in ("model", *(["embedding"] if is_head else []))
    }
    recipe = Recipe(
        list(run["classes"]),
        int(cfg.dataset.image_size),
        int(cfg.dataset.channels),
        cfg.dataset.get("bits"),
        **parts,
        encoder=_encoder_of(content) if is_head else None,
    )
    return recipe, weights


def _encoder_of(checkpoint: dict[str, Any]) -> str:
    """The digest of the encoder; in older checkpoints it is the last word of that of its rows."""
    studies = [state.get("study") or {} for state in checkpoint["callbacks"].values()]
    names = ("encoder", "embeddings")
    (rows, *_) = (study[name] for study in studies for name in names if name in study)
    return str(rows.split()[-1])


def _exported(folder: Path) -> tuple[Recipe, dict[str, Tensor]]:
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        content = (folder / WEIGHTS).read_bytes()
        if hashlib.sha256(content).hexdigest() != facts.pop("sha256"):
            raise ValueError(f"{WEIGHTS} is another one")
        weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        return Recipe(**facts), weights
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"{folder} holds a damaged model ({error}): export it again from its run"
        ) from error


def exported(trained: Trained) -> dict[str, bytes]:
    """The files by which `Trained.of` finds the network again, by their names."""
    stream = io.BytesIO()
    encoder = trained.encoder
    learned = encoder.state_dict() if isinstance(encoder, Learns) else {}
    named = {LEARNED + name: weight for name, weight in learned.items()}
    torch.save({**trained.model.state_dict(), **named}, stream)
    content = stream.getvalue()
    facts = vars(trained.recipe) | {"sha256": hashlib.sha256(content).hexdigest()}
    return {WEIGHTS: content, FACTS: (json.dumps(facts, indent=2) + "\n").encode()}


def _encoder(folder: Path, recipe: Recipe, learned: dict[str, Tensor]) -> Any:
    """What makes rows of images, with what it `learned`; None for a network that takes pixels."""
    if recipe.embedding is None:
        return None
    encoder = instantiate(recipe.embedding)
    if not callable(encoder):
        raise UserError(
            f"the rows of {folder} were computed elsewhere (embedding=file): its head cannot "
            "classify images"
        )
    if isinstance(encoder, Learns):
        encoder.load_state_dict({name[len(LEARNED) :]: one for name, one in learned.items()})
    if encoder.fingerprint.digest != recipe.encoder:
        raise UserError(
            f"the head of {folder} was trained on rows of an encoder with other weights: install "
            "the version that the run used"
        )
    return encoder


def _pixels(file: Path, size: int, channels: int, bits: int | None) -> np.ndarray | None:
    try:
        return read(str(file), size, channels, bits).pixels
    except BrokenImageError:
        return None
