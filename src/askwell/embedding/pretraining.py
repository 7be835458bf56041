"""The Lightning run by which an encoder learns, resumable to the bit."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.strategies import SingleDeviceStrategy
from torch import Tensor
from torch.utils.data import DataLoader

from askwell.embedding.contrast import Contrast, ShuffledBatches
from askwell.embedding.store import device_at_hand
from askwell.errors import UserError
from askwell.images.contracts import Images
from askwell.randomness import generator
from askwell.run.checkpoint import SafeCheckpointIO
from askwell.run.exit_codes import exit_code_of_signal

log = logging.getLogger(__name__)

LAST = "last.ckpt"
LEAST = 8
"""Images of a batch, below which there is little to tell apart."""


@dataclass(frozen=True)
class Pretraining:
    """`epochs` over all images in batches of `batch_size`, seen at `side` pixels a side.

    With `precision` None it is bf16-mixed where the processor multiplies bf16 in hardware, and
    32-true elsewhere. Raises UserError for impossible settings.
    """

    epochs: int
    batch_size: int
    side: int
    precision: str | None
    seed: int

    def __post_init__(self) -> None:
        for setting, value, least in (
            ("epochs", self.epochs, 1),
            ("batch_size", self.batch_size, LEAST),
        ):
            if not isinstance(value, int) or value < least:
                raise UserError(f"embedding.{setting}={value}: expected at least {least}")

    def __call__(self, module: Contrast, images: Images, of: Tensor, folder: Path) -> None:
        """Trains `module` on the images at the indices `of`; continues what is left in `folder`.

        Raises UserError for fewer images than can be told apart.
        """
        if len(of) < LEAST:
            raise UserError(
                f"embedding=ssl learns from the images, and {len(of)} are too few: add images, or "
                "choose another embedding="
            )
        batches = ShuffledBatches(
            images, of, self.batch_size, self.seed, epoch=lambda: module.current_epoch
        )
        module.begin(self.side, self.epochs * len(batches))
        log.warning("learning from %d images without labels, %d epochs", len(of), self.epochs)
        last = folder / LAST
        module.train()
        trainer = self._trainer(folder)
        with exit_code_of_signal(trainer):
            trainer.fit(
                module,
                DataLoader(batches, batch_size=None, generator=generator("workers", self.seed)),
                ckpt_path=last if last.exists() else None,
            )
        module.eval()

    def clear(self, folder: Path) -> None:
        """Removes the checkpoints of a pretraining that is finished."""
        SafeCheckpointIO().remove_checkpoint(folder / LAST)

    def _trainer(self, folder: Path) -> Trainer:
        device = device_at_hand()
        return Trainer(
            strategy=SingleDeviceStrategy(device, checkpoint_io=SafeCheckpointIO()),
            precision=self.precision or precision_for(device),  # type: ignore[arg-type]
            max_epochs=self.epochs,
            callbacks=[EveryEpoch(folder / LAST)],
            enable_checkpointing=False,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            deterministic=False,
            benchmark=False,
        )


def precision_for(device: torch.device) -> str:
    """bf16-mixed where it saves time on this device."""
    in_hardware = (
        torch.cuda.is_bf16_supported(including_emulation=False)
        if device.type == "cuda"
        else torch.cpu._is_amx_tile_supported()
    )
    return "bf16-mixed" if in_hardware else "32-true"


class EveryEpoch(Callback):
    """A checkpoint, and a line in the log."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self.start = time.monotonic()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *_: Any) -> None:
        self.loss = outputs["loss"]

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        trainer.save_checkpoint(self.file)
        done, of = trainer.current_epoch + 1, trainer.max_epochs
        seconds = time.monotonic() - self.start
        log.info("epoch %d of %d: loss %.3f, %.0f s", done, of, float(self.loss), seconds)
