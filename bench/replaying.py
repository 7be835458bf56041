"""A run that people answered on the page, repeated by oracle=replay within this process."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from askwell.command.overrides import latest, quoted
from askwell.command.page.start import Photos
from askwell.run.checkpoint import SafeCheckpointIO
from bench import program


def command(asked: Path, cache: Path, *settings: str) -> list[str]:
    """The words that the run in `asked` was begun with, for another run on its images and on what
    is in the cache, with other settings.
    """
    photos = Photos.noted(asked)
    if photos is None:
        raise RuntimeError(f"{asked} is no run of askwell label")
    return latest([*photos.command().arguments, f"cache_dir={quoted(cache)}", *settings])


def replay(asked: Path, cache: Path, folder: Path, *settings: str) -> None:
    """Repeats the run in `asked` by its answers, in `folder`.

    Raises RuntimeError where it is another one.
    """
    words = command(asked, cache, "oracle=replay", f"oracle.run={quoted(asked)}", *settings)
    program.run(*words, folder=folder)
    refuse_different(asked, folder)


def refuse_different(asked: Path, replayed: Path) -> None:
    """Raises RuntimeError unless both runs asked the same images in the same order, measured the
    same, and ended with the same network, to the last bit.
    """
    networks = [weights(asked), weights(replayed)]
    same = networks[0].keys() == networks[1].keys() and all(
        torch.equal(networks[0][name], networks[1][name]) for name in networks[0]
    )
    if not same or record(asked) != record(replayed):
        raise RuntimeError(f"the replay in {replayed} is not the run in {asked}")


def record(folder: Path) -> dict[str, Any]:
    """What a run left, but for the seconds."""
    lines = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    rounds = [
        {name: value for name, value in line.items() if not name.endswith("_seconds")}
        for line in lines
    ]
    tables = ("queries.csv", "evaluation.csv")
    return {"rounds": rounds, **{name: (folder / name).read_text() for name in tables}}


def weights(folder: Path) -> dict[str, Tensor]:
    checkpoint = SafeCheckpointIO().load_checkpoint(folder / "checkpoints" / "last.ckpt")
    network: dict[str, Tensor] = checkpoint["state_dict"]
    return network
