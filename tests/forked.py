"""train.py in a process of its own that may be killed, forked from one that has imported torch and run nothing."""

import multiprocessing
import os
import runpy
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

from pytorch_lightning import Callback

from askwell.progress import PoolProgress
from askwell.rounds import RoundListener

ROOT = Path(__file__).parents[1]
IMPORTED = ["pytorch_lightning", "hydra.main", "askwell.callback", "askwell.dataset.folder", "askwell.model.cnn"]

SPENT = Path("killed")

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(IMPORTED)


def start(folder: Path, *arguments: str) -> BaseProcess:
    """train.py with `arguments` in `folder`, just begun; what it prints goes to `folder`/output.txt."""
    process = context.Process(target=_train, args=(folder, arguments))
    process.start()
    return process


def finish(folder: Path, *arguments: str) -> int:
    """The exit code of train.py with `arguments` in `folder`; minus the signal where one killed it."""
    process = start(folder, *arguments)
    process.join(120)
    assert process.exitcode is not None, "it hangs"
    return process.exitcode


def _train(folder: Path, arguments: tuple[str, ...]) -> None:
    output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    multiprocessing.set_start_method("fork", force=True)  # as it is for a user; a forked process would inherit ours
    sys.argv = ["train.py", *arguments]
    runpy.run_path(str(ROOT / "train.py"), run_name="__main__")


class Killer(Callback, RoundListener, PoolProgress):
    """Kills its process, as kill -9 does, at one instant of one round; only once in a working folder.

    Of several processes that of `rank`.
    """

    def __init__(self, instant: str, round: int, epochs_per_round: int, rank: int = 0) -> None:
        self.instant, self.round, self.epochs_per_round, self.rank = instant, round, epochs_per_round, rank
        self.now = 0

    def setup(self, trainer, module, stage):
        self.chosen = trainer.global_rank == self.rank

    def at(self, instant: str) -> None:
        if self.chosen and (instant, self.now) == (self.instant, self.round) and not SPENT.exists():
            SPENT.touch()
            victim = multiprocessing.active_children()[0].pid if instant == "worker" else os.getpid()
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
        replace = Path.replace

        def watched(path, target):
            """The last step of a save is a file's new name: killed right before it and right after it."""
            named = {"last.ckpt.previous": "keeping", "last.ckpt": "saving"}.get(Path(target).name)
            self.at(f"before {named}")
            replace(path, target)
            self.at(f"after {named}")

        Path.replace = watched if Path.replace.__name__ != "watched" else Path.replace
