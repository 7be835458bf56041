"""Checkpoints that survive a kill at any instant and a damaged disk."""

import hashlib
import io
import logging
import os
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins import CheckpointIO

from askwell.errors import UserError
from askwell.files import part_of, told_in_a_line, write_whole
from askwell.run.admission import Admit, RecordBehindError

log = logging.getLogger(__name__)

CHECKSUM_BYTES = hashlib.sha256().digest_size


class SafeCheckpointIO(CheckpointIO):
    """Writes a checkpoint whole, after its checksum, and keeps the last one as `<name>.previous`.

    Reading checks the sum (torch itself loads a flipped bit silently), falls back to the previous
    file, and unpickles only tensors and plain values. `admit` refuses a checkpoint that does not
    fit the run.
    """

    def __init__(self, admit: Admit = lambda checkpoint: None) -> None:
        self.admit = admit

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        path = Path(path)
        # A damaged one must not replace the good one before it.
        if _checked(path) is not None:
            _link(path, _previous(path))
        write_whole(path, hashlib.sha256(buffer.getbuffer()).digest() + buffer.getvalue())

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> Any:
        path = Path(path)
        behind: RecordBehindError | None = None
        for candidate in (path, _previous(path)):
            if (content := _checked(candidate)) is None:
                log.warning(
                    "checkpoint %s is damaged or missing, trying the one before it", candidate
                )
                continue
            checkpoint = _harmless(candidate, content, map_location)
            try:
                self.admit(checkpoint)
            except RecordBehindError as error:
                behind = behind or error
                log.warning(
                    "checkpoint %s is ahead of the record, trying the one before it", candidate
                )
                continue
            return checkpoint
        raise behind or UserError(
            f"no readable checkpoint in {path.parent}: start the run again in a new folder"
        )

    def remove_checkpoint(self, path: str | Path) -> None:
        for file in (Path(path), _previous(Path(path))):
            file.unlink(missing_ok=True)


def _checked(path: Path) -> bytes | None:
    """The checkpoint in `path` without its checksum; None if it is damaged or missing."""
    content = path.read_bytes() if path.exists() else b""
    checksum, checkpoint = content[:CHECKSUM_BYTES], content[CHECKSUM_BYTES:]
    return checkpoint if hashlib.sha256(checkpoint).digest() == checksum else None


def _harmless(path: Path, content: bytes, map_location: Any) -> dict[str, Any]:
    try:
        return torch.load(
            io.BytesIO(content), map_location=map_location or "cpu", weights_only=True
        )
    except MemoryError:
        raise
    # Torch may raise anything for the file of another program; by its checksum it is undamaged.
    except Exception as error:
        foreign = (
            f"{path} holds more than tensors and plain values, and loading that could run anything"
        )
        raise UserError(
            f"{foreign}: it is not from askwell, remove it and start the run again"
        ) from error


def _previous(path: Path) -> Path:
    return path.with_name(path.name + ".previous")


def _link(path: Path, other: Path) -> None:
    part = part_of(other)
    with told_in_a_line(other):
        part.unlink(missing_ok=True)
        try:
            os.link(path, part)
        except OSError:  # some file systems have no hard links
            write_whole(other, path.read_bytes())
        else:
            part.replace(other)
