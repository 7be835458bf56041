"""A run never goes on as another study, and says what differs."""

import re
import shutil

import numpy as np
import pytest
from experiment import record_of
from PIL import Image
from test_refusals import state

from askwell.run.checkpoint import SafeCheckpointIO


@pytest.fixture
def began(program):
    program("rounds=2", "name=began")


@pytest.fixture
def refusal(program, capsys):
    """What is said when the run goes on with `arguments`."""

    def go_on(*arguments: str) -> str:
        with pytest.raises(SystemExit, match="2"):
            program("name=began", "resume=true", *arguments)
        return capsys.readouterr().err

    return go_on


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "setting"),
    [
        ("seed=1", "seed"),
        ("strategy=random", "strategy"),
        ("protocol=retrain", "protocol.epochs_per_round"),
        ("protocol.reset=true", "protocol.reset"),
        ("protocol.rescore_every=2", "protocol.rescore_every"),
        ("oracle=noisy", "oracle"),
        ("model.network.width=8", "model.network.width"),
        ("dataset.classes=[ash,birch]", "dataset.classes"),
        ("dataset.image_size=12", "dataset.image_size"),
    ],
)
def test_a_changed_study_is_refused_with_both_values(began, refusal, changed, setting):
    first = rf"holds a run with (?P<name>\S*{re.escape(setting)}\S*)=(?P<was>.+), "
    values = re.search(
        first + "this one has (?P=name)=(?P<wished>.+): use the same", refusal(changed, "rounds=3")
    )
    assert values is not None
    assert values["was"] != values["wished"]


def test_a_changed_image_is_refused(program, refusal, images, tmp_path):
    own = shutil.copytree(images / "train", tmp_path / "own")
    program("rounds=2", "name=began", f"dataset.root={own}")
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(own / "ash" / "00.png")
    assert "the checkpoint was made with data set" in refusal(f"dataset.root={own}", "rounds=3")


def test_the_checkpoint_of_another_seed_is_refused_in_whatever_folder(
    program, began, refusal, tmp_path
):
    program("rounds=2", "name=other", "seed=1")
    mine, other = (
        tmp_path / "outputs" / name / "checkpoints" / "last.ckpt" for name in ("began", "other")
    )
    mine.write_bytes(other.read_bytes())
    assert "holds a run with seed=1, this one has seed=0" in refusal("rounds=3")


def test_what_is_refused_stays_as_it_was(began, refusal, tmp_path):
    before = state(tmp_path)
    refusal("protocol.epochs_per_round=2", "rounds=3")
    assert state(tmp_path) == before


def test_a_hostile_checkpoint_is_refused_in_one_line(began, refusal, tmp_path):
    checkpoint = tmp_path / "outputs" / "began" / "checkpoints" / "last.ckpt"
    SafeCheckpointIO().save_checkpoint({"state_dict": Hostile()}, checkpoint)
    assert re.fullmatch(
        r"askwell: .*last\.ckpt holds more than tensors and plain values.*\n", refusal("rounds=3")
    )


def test_a_record_without_checkpoints_is_not_overwritten(began, refusal, tmp_path):
    shutil.rmtree(tmp_path / "outputs" / "began" / "checkpoints")
    assert "holds the record of a run but none of its checkpoints" in refusal("rounds=3")


def test_a_record_without_checkpoints_is_not_another_run_finished(began, refusal, tmp_path):
    shutil.rmtree(tmp_path / "outputs" / "began" / "checkpoints")
    assert "holds a run with seed=0, this one has seed=1" in refusal("rounds=2", "seed=1")


def test_the_checkpoint_of_another_study_is_known_without_run_json(began, refusal, tmp_path):
    (tmp_path / "outputs" / "began" / "run.json").unlink()
    assert "holds a run with query_size=6, this one has query_size=7" in refusal(
        "rounds=3", "query_size=7"
    )


@pytest.mark.slow
@pytest.mark.parametrize("damage", [b"", b'{"status": "fin', b"[1]", b"\xff\xfe"])
def test_a_damaged_run_json_is_named(began, refusal, tmp_path, damage):
    (tmp_path / "outputs" / "began" / "run.json").write_bytes(damage)
    assert "run.json is damaged: put back a copy of it, or delete it" in refusal("rounds=3")


def test_a_lost_run_json_does_not_stop_a_resume(program, began, tmp_path):
    (tmp_path / "outputs" / "began" / "run.json").unlink()
    program("name=began", "rounds=3", "resume=true")
    assert (tmp_path / "outputs" / "began" / "rounds.jsonl").read_text().count("\n") == 3


def test_a_lost_line_of_the_record_is_named(began, refusal, tmp_path):
    record = tmp_path / "outputs" / "began" / "rounds.jsonl"
    record.write_text("".join(record.read_text().splitlines(keepends=True)[1:]))
    assert "rounds.jsonl lacks round 0, its lines are missing" in refusal("rounds=3")


def test_a_record_behind_its_checkpoint_resumes_from_the_checkpoint_before(
    program, began, tmp_path
):
    folder = tmp_path / "outputs" / "began"
    complete = record_of(folder)
    record = folder / "rounds.jsonl"
    record.write_text("".join(record.read_text().splitlines(keepends=True)[:1]))
    program("name=began", "rounds=2", "budget=40", "resume=true")
    assert record_of(folder) == complete


class Hostile:
    def __reduce__(self):
        return print, ("hostile",)
