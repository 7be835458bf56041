"""A run never goes on as another study, and says what differs."""

import re

import numpy as np
import pytest
import torch
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
    ("changed", "both"),
    [
        ("seed=1", "seed=0.*seed=1"),
        ("strategy=random", "strategy=lc.*strategy=random"),
        ("protocol=retrain", "protocol=paper.*protocol=retrain"),
        ("oracle=noisy", "oracle=truth.*oracle=noisy"),
        ("model=cnn2", "model=cnn,.*model=cnn2"),
        ("protocol.epochs_per_round=2", r"protocol\.epochs_per_round 1, this run has 2"),
        ("protocol.reset=true", r"protocol\.reset False, this run has True"),
        ("protocol.rescore_every=2", r"protocol\.rescore_every 1, this run has 2"),
        ("dataset.classes=[ash,birch]", r"data set [0-9a-f]{32}, this run has [0-9a-f]{32}"),
        ("dataset.image_size=12", r"data set [0-9a-f]{32}, this run has [0-9a-f]{32}"),
        ("model.network.width=8", r"initial weights [0-9a-f]{16}, this run has [0-9a-f]{16}"),
    ],
)
def test_a_changed_study_is_refused_with_both_values(began, refusal, changed, both):
    assert re.search(both, refusal(changed, "rounds=3"))


def test_a_changed_image_is_refused(program, refusal, images, tmp_path):
    own = tmp_path / "own"
    for name in ("ash", "birch"):
        (own / name).mkdir(parents=True)
        for file in (images / "train" / name).iterdir():
            (own / name / file.name).write_bytes(file.read_bytes())
    program("rounds=2", "name=began", f"dataset.root={own}")
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(own / "ash" / "00.png")
    assert "the checkpoint was made with data set" in refusal(f"dataset.root={own}", "rounds=3")


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
        return torch.manual_seed, (0,)
