"""A refused command changes nothing on disk: no byte, no time of a file, not even an empty
folder.
"""

import os
import shutil
from pathlib import Path

import pytest
from experiment import record_of

from askwell.run.run_folder import RunFolder

pytestmark = pytest.mark.slow


def state(root: Path) -> dict[str, tuple[bytes, int] | None]:
    """Every file below `root` with its content and its time, and every folder."""
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns)
        if path.is_file()
        else None
        for path in sorted(root.rglob("*"))
    }


@pytest.fixture
def unchanged(program, tmp_path, capsys):
    """Runs what is to be refused, checks that it left no trace, and returns what was said."""

    def refuse(*arguments: str) -> str:
        before = state(tmp_path)
        with pytest.raises(SystemExit, match="2"):
            program(*arguments)
        assert state(tmp_path) == before
        return capsys.readouterr().err

    return refuse


@pytest.mark.parametrize(
    "mistake",
    [
        *(
            "strategy=unknown",
            "rouns=3",
            "strategy=null",
            "dataset.root=nowhere",
            "query_size=0",
            "seed=-1",
        ),
        *("+trainer.max_steps=3", "trainer.accelerator=abacus"),
        *(
            "datamodule=null",
            "callbacks.active_learning=null",
            "name=null",
            "rounds=0",
            "budget=3",
            "foo",
        ),
        *("hydra.run.dir=", "strategy=${nothing}", "datamodule.train_batch_size=1"),
    ],
)
@pytest.mark.parametrize("logger", ["none", "csv"])
def test_a_new_run_that_is_refused_leaves_no_folder(unchanged, mistake, logger):
    assert unchanged(mistake, f"logger={logger}").startswith("askwell: ")


@pytest.mark.parametrize(
    "mistake", ["strategy=unknown", "strategy=lc,nope", "rouns=1,2", "seed=range(3)) ", "name=null"]
)
def test_a_new_sweep_that_is_refused_leaves_no_folder(unchanged, mistake):
    assert unchanged("-m", mistake).startswith("askwell: ")


@pytest.fixture
def began(program):
    program("rounds=2")


@pytest.mark.parametrize(
    "change",
    [
        *(
            "seed=1",
            "strategy=random",
            "query_size=5",
            "model.network.width=8",
            "dataset.root=nowhere",
            "rouns=3",
        ),
        *("+trainer.max_steps=3", "target_accuracy=97", "trainer.accelerator=abacus"),
    ],
)
def test_a_refused_resume_leaves_the_run_as_it_was(began, unchanged, change):
    assert unchanged(change, "rounds=3", "resume=true", "logger=csv").startswith("askwell: ")


def test_a_run_is_not_started_in_the_folder_of_another(began, unchanged):
    assert "already holds a finished run" in unchanged("seed=3")


def test_a_damaged_checkpoint_is_refused_without_a_trace(began, unchanged, tmp_path):
    for file in (tmp_path / "outputs" / "run" / "checkpoints").iterdir():
        file.write_bytes(file.read_bytes()[:99])
    assert "no readable checkpoint" in unchanged("rounds=3", "resume=true")


def test_other_images_are_refused_without_a_trace(program, unchanged, images, tmp_path):
    own = shutil.copytree(images / "train", tmp_path / "own")
    program("rounds=2", f"dataset.root={own}")
    shutil.copy(own / "ash" / "00.png", own / "ash" / "01.png")
    assert "the checkpoint was made with data set" in unchanged(
        f"dataset.root={own}", "rounds=3", "resume=true"
    )


def test_a_folder_in_use_is_left_to_its_process(began, unchanged, tmp_path):
    with RunFolder(tmp_path / "outputs" / "run", resume=True):
        told = unchanged("rounds=3", "resume=true")
    assert f"is in use by process {os.getpid()}" in told


def test_what_a_killed_process_left_is_left_by_a_refused_resume(began, unchanged, tmp_path):
    for name in (".pid", "checkpoints/.last.ckpt.1.part"):
        (tmp_path / "outputs" / "run" / name).write_text("1")
    assert "seed=1" in unchanged("seed=1", "rounds=3", "resume=true")


def test_a_run_goes_on_after_a_refusal_as_if_there_had_been_none(
    began, unchanged, program, tmp_path
):
    unchanged("seed=1", "rounds=3", "resume=true")
    program("resume=true", "rounds=3")
    program("name=at_once")
    assert record_of(tmp_path / "outputs" / "run") == record_of(tmp_path / "outputs" / "at_once")
