"""Embeddings computed once for each set of images and each encoder, by any number of processes
together, and mapped from disk ever after.

The images are cut into blocks at fixed places. A process claims a block by a lock, computes it and
leaves it as a file; a block of a process that was killed is free again. Who finds all blocks
finished joins them. Batches within a block are cut at fixed places too, so that the rows are the
same bit for bit for any number of processes and after any kill.
"""

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from hashlib import file_digest
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from torch import Tensor

from askwell.embedding.base import Embeddings, Encoder
from askwell.embedding.former_rows import CONTENT, ROWS, former_rows
from askwell.errors import UserError
from askwell.files import told_in_a_line, write_whole
from askwell.images.contracts import Images
from askwell.images.fingerprint import digest
from askwell.images.seal import STATE, read_sealed, state_of, write_sealed
from askwell.processes import CPU
from askwell.scoring.scorer import PIXELS_AT_ONCE, Scorer, Track, unwatched
from askwell.strategy.look import Look

log = logging.getLogger(__name__)

FOLDER = "embeddings"

BLOCK = 256
"""Images that are computed again after a kill, at the most, and a multiple of every batch."""

LOCKS = 64
"""Files by which blocks are claimed, at the most: blocks that share one wait for each other."""

AGAIN = "set cache_dir=… to a folder with room; what is computed is kept"


def stored(
    encoder: Encoder, images: Images, cache_dir: Path, track: Track = unwatched
) -> Embeddings:
    """The rows that `encoder` gives `images`, computed first where they are absent or damaged.

    Any number of processes that call it share the work. Raises UserError where the encoder gives
    something else than rows of finite numbers, or where `cache_dir` cannot be written.
    """
    folder = folder_of(encoder, images, cache_dir)
    found = _trusted(folder)
    if found is None:
        with told_in_a_line(folder, AGAIN):
            _clear_away(folder)
            _compute(encoder, images, folder, track)
            found = _joined(encoder, images, folder)
    return Embeddings(found, f"{images.fingerprint} {encoder.fingerprint.digest}")


def folder_of(encoder: Encoder, images: Images, cache_dir: Path) -> Path:
    """Where the rows lie, beside the stores of images. Another layout has another folder."""
    known = digest(images.fingerprint, encoder.fingerprint.digest, ROWS, BLOCK)
    return cache_dir / FOLDER / known


def batch_size_for(size: int | None, images: Images, device: torch.device) -> int:
    """Images in one forward of an encoder that sees `size` pixels a side: a power of two, at most
    `BLOCK`.

    Fixed for a kind of device, since another one would change last bits.
    """
    shape = (size, size) if size else images.fetch(np.zeros(1, np.int64)).shape[-2:]
    fitting = PIXELS_AT_ONCE.get(device.type, PIXELS_AT_ONCE["cuda"]) // (shape[0] * shape[1])
    return min(1 << max(fitting.bit_length() - 1, 0), BLOCK)


def device_at_hand() -> torch.device:
    """The GPU of this process, or the CPU."""
    if not torch.cuda.is_available():
        return CPU
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())


def _clear_away(folder: Path) -> None:
    """Removes damaged rows, so that from now on a folder of this name means that all is done."""
    with _lock(folder):
        if folder.exists() and _trusted(folder) is None:
            shutil.rmtree(folder)


def _compute(encoder: Encoder, images: Images, folder: Path, track: Track) -> None:
    """Computes the blocks that no other process has; returns when all are there."""
    _take_over(encoder, images, folder)
    scorer, count = _scorer(encoder, images), -(-len(images) // BLOCK)
    for block in track(range(count), count, "embedding"):
        _claim(scorer, images, folder, block, wait=False)
    for block in range(count):  # those that others had claimed: finished by now, or given up
        _claim(scorer, images, folder, block, wait=True)


def _take_over(encoder: Encoder, images: Images, folder: Path) -> None:
    """Leaves the blocks that are known from before other images came, as if they were computed."""
    with _lock(folder):
        place = None if _part(folder).exists() else former_rows(encoder, images, folder)
        rows = None if place is None else _trusted(place)
        whole = [] if rows is None else np.split(rows, range(BLOCK, len(rows) + 1, BLOCK))[:-1]
        for block, part in enumerate(whole):
            write_whole(_block_file(_part(folder), block), _as_npy(part), AGAIN)


def _claim(scorer: Scorer, images: Images, folder: Path, block: int, wait: bool) -> None:
    """Leaves the rows of a block, unless they are there or another process is at them and `wait` is
    false.
    """
    file = _block_file(_part(folder), block)
    with suppress(Timeout), _lock(folder, f".{block % LOCKS}", wait):
        # In this order: who joins the blocks removes them after the folder is there.
        if not file.exists() and not folder.exists():
            write_whole(file, _as_npy(_rows(scorer, images, block)), AGAIN)


def _lock(folder: Path, of: str = "", wait: bool = True) -> FileLock:
    """Locks lie beside what they protect: who waits for one needs it when all else is gone."""
    locks = folder.with_suffix(".locks")
    locks.mkdir(parents=True, exist_ok=True)
    return FileLock(locks / f"lock{of}", blocking=wait)


def _part(folder: Path) -> Path:
    """Where the blocks lie until they are joined."""
    return folder.with_suffix(".part")


def _rows(scorer: Scorer, images: Images, block: int) -> np.ndarray:
    indices = torch.arange(block * BLOCK, min((block + 1) * BLOCK, len(images)))
    rows = scorer.look_at(images, indices).logits.half()
    if not bool(rows.isfinite().all()):
        image = int(indices[~rows.isfinite().all(dim=1)][0])
        raise UserError(
            f"the encoder's row of image {image} holds numbers that float16 cannot: scale what it "
            "gives, or choose another embedding="
        )
    return rows.numpy()


def _scorer(encoder: Encoder, images: Images) -> Scorer:
    """The forward pass of the scoring, with the rows in the place of logits and features."""

    def look(pixels: Tensor) -> Look:
        rows = encoder(pixels)
        if rows.ndim != 2 or len(rows) != len(pixels) or not rows.is_floating_point():
            raise UserError(
                f"embedding {encoder.fingerprint.name} gave {rows.dtype} {list(rows.shape)} for "
                f"{len(pixels)} images: expected one row of floats each, [{len(pixels)}, D]"
            )
        return Look(rows, rows)

    network: Any = look  # a FrozenNetwork, as far as a forward pass asks for one
    device = device_at_hand()
    size = batch_size_for(encoder.fingerprint.size, images, device)
    return Scorer(network, size, device)


def _joined(encoder: Encoder, images: Images, folder: Path) -> np.ndarray:
    """The rows of all blocks in one file, which the first process to come writes for all."""
    part, whole = _part(folder), folder.with_suffix(".whole")
    with _lock(folder):
        found = _trusted(folder)
        if found is None:
            shutil.rmtree(whole, ignore_errors=True)
            whole.mkdir()
            _join(part, len(images), whole / ROWS)
            facts = {"encoder": encoder.fingerprint._asdict(), "images": images.fingerprint}
            checksum = _checksum(whole / ROWS)
            write_sealed(whole / CONTENT, facts | {"checksum": checksum}, [whole / ROWS])
            os.replace(whole, folder)
        shutil.rmtree(part, ignore_errors=True)
    return _mapped(folder) if found is None else found


def _join(part: Path, count: int, file: Path) -> None:
    blocks = [np.load(path, mmap_mode="r") for path in _blocks(part, count)]
    with file.open("wb") as stream:
        shape = (count, blocks[0].shape[1])
        header = {"descr": "<f2", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        for rows in blocks:
            stream.write(np.ascontiguousarray(rows).data)
        os.fsync(stream.fileno())


def _blocks(part: Path, count: int) -> Iterator[Path]:
    return (_block_file(part, block) for block in range(-(-count // BLOCK)))


def _block_file(part: Path, block: int) -> Path:
    return part / f"{block:06}.npy"


def _as_npy(rows: np.ndarray) -> bytes:
    content = BytesIO()
    np.save(content, rows)
    return content.getvalue()


def _mapped(folder: Path) -> np.ndarray:
    return np.asarray(np.load(folder / ROWS, mmap_mode="r"))


def _checksum(file: Path) -> str:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _trusted(folder: Path) -> np.ndarray | None:
    """The rows in `folder`; None where there are none, or damaged ones. They are read against
    their checksum where the state of their file is not the one noted.
    """
    try:
        content = read_sealed(folder / CONTENT)
        if content[STATE] != state_of([folder / ROWS]):
            if _checksum(folder / ROWS) != content["checksum"]:
                raise ValueError("its rows were changed")
            with suppress(OSError, UserError):  # a cache that cannot be written is read each time
                facts = {name: content[name] for name in ("encoder", "images", "checksum")}
                write_sealed(folder / CONTENT, facts, [folder / ROWS])
        return _mapped(folder)
    except (OSError, ValueError, EOFError, TypeError, KeyError) as error:
        if folder.exists():
            log.warning("the embeddings %s are damaged (%s), computed again", folder, error)
        return None
