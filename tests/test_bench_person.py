"""How a scripted person tells what images show, and that a replay which differs is refused."""

import io
import json

import numpy as np
import pytest
import torch
from bench.person import after
from bench.person_photos import Photos
from bench.replaying import record, refuse_different
from PIL import Image

from askwell.run.checkpoint import SafeCheckpointIO

ROUND = {"round": 0, "labels": 2, "accuracy": 0.5, "train_seconds": 1.5}


def kept(folder, rounds=(ROUND,), queries="index\n1\n2\n", weight=1.0):
    """The folder of a finished run."""
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "rounds.jsonl").write_text("".join(json.dumps(line) + "\n" for line in rounds))
    (folder / "queries.csv").write_text(queries)
    (folder / "evaluation.csv").write_text("index,label\n0,cat\n")
    network = {"state_dict": {"weight": torch.tensor([weight])}}
    SafeCheckpointIO().save_checkpoint(network, folder / "checkpoints" / "last.ckpt")
    return folder


def test_an_image_is_told_by_its_pixels_in_whatever_format_the_page_shows_it(tmp_path):
    for number, level in enumerate((10, 200)):
        pixels = np.full((8, 8, 3), level, np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    tell = Photos(tmp_path, ["night", "day"]).tell()
    content = io.BytesIO()
    Image.open(tmp_path / "1.png").save(content, "BMP")
    assert tell(content.getvalue()) == "day"
    assert tell((tmp_path / "0.png").read_bytes()) == "night"


def test_a_replay_may_take_another_time(tmp_path):
    slower = ROUND | {"train_seconds": 9.0}
    one, other = kept(tmp_path / "one"), kept(tmp_path / "other", rounds=[slower])
    refuse_different(one, other)
    assert record(one) == record(other)


@pytest.mark.parametrize(
    "other",
    [
        {"rounds": [ROUND | {"accuracy": 0.25}]},
        {"rounds": [ROUND, ROUND | {"round": 1}]},
        {"queries": "index\n2\n1\n"},
        {"weight": 1.0000001},
    ],
)
def test_a_replay_that_differs_is_refused(tmp_path, other):
    with pytest.raises(RuntimeError, match="is not the run in"):
        refuse_different(kept(tmp_path / "one"), kept(tmp_path / "other", **other))


def test_the_accuracy_after_some_minutes_is_that_of_the_last_network_trained_by_then():
    run = {"answers": [100, 142, 143], "test_accuracy": [0.25, 0.5, 0.75]}
    assert after(10, run) == 50  # 142 answers take 9.94 minutes, 143 take 10.01
    assert after(11, run) == 75
