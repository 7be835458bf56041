"""A run never goes on as another study, and says what differs."""

import re
import shutil

import numpy as np
import pytest
from PIL import Image

from askwell.checkpoint import SafeCheckpointIO


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
    values = re.search(first + "this one has (?P=name)=(?P<wished>.+): use the same", refusal(changed, "rounds=3"))
    assert values is not None
    assert values["was"] != values["wished"]


def test_a_changed_image_is_refused(program, refusal, images, tmp_path):
    own = shutil.copytree(images / "train", tmp_path / "own")
    program("rounds=2", "name=began", f"dataset.root={own}")
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(own / "ash" / "00.png")
    assert "the checkpoint was made with data set" in refusal(f"dataset.root={own}", "rounds=3")


def test_the_checkpoint_of_another_seed_is_refused_in_whatever_folder(program, began, refusal, tmp_path):
    program("rounds=2", "name=other", "seed=1")
    mine, other = (tmp_path / "outputs" / name / "checkpoints" / "last.ckpt" for name in ("began", "other"))
    mine.write_bytes(other.read_bytes())
    assert "holds a run with seed=1, this one has seed=0" in refusal("rounds=3")


def test_what_is_refused_stays_as_it_was(began, refusal, tmp_path):
    files = {file: file.read_bytes() for file in (tmp_path / "outputs" / "began").glob("[!rt.]*.*")}
    refusal("protocol.epochs_per_round=2", "rounds=3")
    assert {file: file.read_bytes() for file in files} == files


def test_a_hostile_checkpoint_is_refused_in_one_line(began, refusal, tmp_path):
    checkpoint = tmp_path / "outputs" / "began" / "checkpoints" / "last.ckpt"
    SafeCheckpointIO().save_checkpoint({"state_dict": Hostile()}, checkpoint)
    assert re.fullmatch(r"askwell: .*last\.ckpt holds more than tensors and plain values.*\n", refusal("rounds=3"))


class Hostile:
    def __reduce__(self):
        return print, ("hostile",)
