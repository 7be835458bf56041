"""The network that a run has trained, ready to classify image files."""

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
from torch import Tensor

from askwell.command.trust import builds_known
from askwell.errors import UserError
from askwell.images.pixels import BrokenImageError, read
from askwell.run.checkpoint import SafeCheckpointIO
from askwell.run.notes import FOLDER
from askwell.run.run_json import read_run

AT_ONCE = 128
"""Images in one pass."""


@dataclass(frozen=True)
class Trained:
    """The network of the run in `folder`, as its last checkpoint has it."""

    model: torch.nn.Module
    classes: tuple[str, ...]
    image_size: int
    channels: int
    bits: int | None

    @classmethod
    def of(cls, folder: Path, trust: bool = False) -> "Trained":
        """Loads it. Raises UserError where nothing is trained yet, or where the folder names what
        is not Askwell's and is not trusted.
        """
        run, config = read_run(folder), folder / FOLDER / "config.yaml"
        checkpoint = folder / "checkpoints" / "last.ckpt"
        if run is None or not config.is_file():
            raise UserError(f"{folder} holds no run: expected run.json and {FOLDER} in it")
        if not (checkpoint.exists() or checkpoint.with_name("last.ckpt.previous").exists()):
            raise UserError(f"{folder} has no trained network yet: answer its first question")
        cfg: Any = OmegaConf.load(config)
        cfg.dataset.num_classes = len(run["classes"])
        built = OmegaConf.to_container(cfg.model, resolve=True)
        if not (trust or builds_known(built, "model")):
            raise UserError(
                f"{folder} names a model that is not Askwell's and could run anything: "
                "if you trust whoever made the folder, add --trust"
            )
        model = instantiate(built)
        model.load_state_dict(SafeCheckpointIO().load_checkpoint(checkpoint)["state_dict"])
        data = cfg.dataset
        return cls(
            model.eval(),
            tuple(run["classes"]),
            int(data.image_size),
            int(data.channels),
            data.get("bits"),
        )

    def probabilities(self, files: Sequence[Path]) -> Iterator[tuple[int, Tensor]]:
        """(place among `files`, probability of each class [C]) of those that can be read."""
        read_file = partial(_pixels, size=self.image_size, channels=self.channels, bits=self.bits)
        with ThreadPoolExecutor() as threads, torch.inference_mode():
            for start in range(0, len(files), AT_ONCE):
                images = list(threads.map(read_file, files[start : start + AT_ONCE]))
                places = [place for place, image in enumerate(images) if image is not None]
                if not places:
                    continue
                batch = np.stack([image for image in images if image is not None])
                logits = self.model(torch.from_numpy(batch).permute(0, 3, 1, 2))
                rows = logits.float().softmax(dim=1)
                yield from ((start + place, row) for place, row in zip(places, rows, strict=True))


def _pixels(file: Path, size: int, channels: int, bits: int | None) -> np.ndarray | None:
    try:
        return read(str(file), size, channels, bits).pixels
    except BrokenImageError:
        return None
