"""Several processes: the failure of one ends all, with its message."""

import time

import pytest

FAILING = """
from pytorch_lightning import Callback
from askwell.errors import UserError
from askwell.progress import PoolProgress

class Failing(Callback, PoolProgress):
    def __init__(self, rank):
        self.rank = rank

    def setup(self, trainer, module, stage):
        self.fails = trainer.global_rank == self.rank

    def track(self, batches, total, description):
        if self.fails and description == "scoring":
            raise UserError("the disk of this process is on fire")
        return batches
"""


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0])
def test_a_process_that_fails_while_scoring_ends_all_with_its_message(command, tmp_path, rank):
    (tmp_path / "failing.py").write_text(FAILING)
    started = time.monotonic()
    ended = command(
        *("trainer=ddp", "trainer.accelerator=cpu", "callbacks.progress=null"),
        *("+callbacks.failing._target_=failing.Failing", f"+callbacks.failing.rank={rank}"),
    )
    assert ended.returncode != 0
    assert "askwell: the disk of this process is on fire" in ended.stderr
    assert time.monotonic() - started < 120
