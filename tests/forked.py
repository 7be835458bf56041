"""train.py in a process of its own that may be killed, forked from one that has imported torch and
run nothing.
"""

import multiprocessing
import os
import runpy
import signal
import socket
import sys
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback

from askwell.loop.listener import RoundListener
from askwell.loop.tracking import PoolProgress
from askwell.oracle import events
from askwell.scoring.frozen import FrozenNetwork

ROOT = Path(__file__).parents[1]
IMPORTED = [
    "pytorch_lightning",
    "hydra.main",
    "askwell.loop.callback",
    "askwell.dataset.folder",
    "askwell.model.cnn",
]

SPENT = Path("killed")

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(IMPORTED)


def start(folder: Path, *arguments: str, **environment: str) -> BaseProcess:
    """train.py with `arguments` in `folder`, just begun; what it prints goes to
    `folder`/output.txt.
    """
    process = context.Process(target=_train, args=(folder, arguments, environment))
    process.start()
    return process


def finish(folder: Path, *arguments: str) -> int:
    """The exit code of train.py with `arguments` in `folder`; minus the signal where one killed
    it.
    """
    process = start(folder, *arguments)
    process.join(120)
    assert process.exitcode is not None, "it hangs"
    return process.exitcode


def finish_two(folder: Path, *arguments: str, together: bool = False) -> list[int]:
    """The exit codes, by rank, of one run in two processes; when one of them dies so does the other
    if `together`.
    """
    ranks = start_two(folder, *arguments)
    wait([rank.sentinel for rank in ranks], 120)
    for rank in ranks if together else []:
        rank.kill()
    for rank in ranks:
        rank.join(120)
    codes = [rank.exitcode for rank in ranks]
    assert None not in codes, "they hang"
    return codes


def start_two(folder: Path, *arguments: str) -> list[BaseProcess]:
    """The two processes of one run, by rank, just begun."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    alone = (
        [],
        ["hydra.output_subdir=null", "hydra.job.name=second"],
    )  # as Lightning starts a second process
    return [
        start(
            folder,
            *arguments,
            *more,
            LOCAL_RANK=str(rank),
            MASTER_ADDR="127.0.0.1",
            MASTER_PORT=port,
        )
        for rank, more in enumerate(alone)
    ]


def _train(folder: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    os.environ.update(environment)
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # ignored where the tests themselves run in the background
    multiprocessing.set_start_method(
        "fork", force=True
    )  # as it is for a user; a forked process would inherit ours
    sys.argv = ["train.py", *arguments]
    runpy.run_path(str(ROOT / "train.py"), run_name="__main__")


class Killer(Callback, RoundListener, PoolProgress):
    """Kills its process, as kill -9 does, at the first of `kills` that was not carried out in this
    working folder.

    A kill is an instant, a round and, where there are several processes, the rank of the one that
    dies.
    """

    def __init__(self, kills: list[tuple[str, int, int]], epochs_per_round: int) -> None:
        self.kills, self.epochs_per_round = [tuple(kill) for kill in kills], epochs_per_round
        self.now = 0

    def setup(self, trainer, module, stage):
        spent = SPENT.read_text().count("\n") if SPENT.exists() else 0
        self.rank, self.kills = trainer.global_rank, self.kills[spent : spent + 1]
        # The last step of a save is a file's new name; an answer is a new line.
        saves = {"last.ckpt.previous": "keeping", "last.ckpt": "saving", "pending.json": "asking"}
        Path.replace = watched(Path.replace, self, saves)
        events.append = watched(events.append, self, {"answers.jsonl": "answering"})

    def at(self, instant: str) -> None:
        if (instant, self.now, self.rank) in self.kills:
            with SPENT.open("a") as file:
                print(self.kills.pop(), file=file)
            victim = (
                multiprocessing.active_children()[0].pid if instant == "worker" else os.getpid()
            )
            os.kill(victim, 9)

    def on_train_epoch_start(self, trainer, module):
        self.now = trainer.current_epoch // self.epochs_per_round

    def on_train_batch_start(self, trainer, module, batch, number):
        if (trainer.current_epoch + 1) % self.epochs_per_round == 0:
            self.at("training")
            self.at("worker")

    def track(self, batches, total, description):
        for batch in batches:
            yield batch
            self.at(description)  # the work on the batch is done, that of the pass is not

    def on_round_end(self, trainer, result):
        self.at("labelled")

    def on_waiting(self, trainer):
        self.at("waiting")


def watched(change: Callable[..., None], killer: Killer, instants: dict[str, str]) -> Any:
    """A change of a file by its path, with an instant right before it and right after it."""

    def watch(path: Any, *others: Any) -> None:
        instant = instants.get(Path(others[0] if change.__name__ == "replace" else path).name)
        killer.at(f"before {instant}")
        change(path, *others)
        killer.at(f"after {instant}")

    return watch


class Cramped(Callback):
    """Lets the second process run out of memory at its first batch, once in a working folder."""

    def setup(self, trainer, module, stage):
        short, forward = Path("short"), FrozenNetwork.__call__

        def cramped(network, images):
            if trainer.global_rank == 1 and not short.exists():
                short.touch()
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return forward(network, images)

        FrozenNetwork.__call__ = cramped
