"""Bad input gets one clear line on stderr, exit code 2, and nothing is lost. As a user meets it:
through train.py.
"""

import shutil
import urllib.request
from pathlib import Path
from urllib.error import URLError

import pytest


@pytest.fixture
def complaint(program, capsys):
    """What the program says to its arguments when it ends with exit code 2."""

    def run(*arguments: str, shrink: bool = True) -> str:
        with pytest.raises(SystemExit, match=r"^2$"):
            program(*arguments, shrink=shrink)
        return capsys.readouterr().err

    return run


@pytest.fixture
def own_images(images, tmp_path):
    """A copy of the images that a test may spoil."""
    return Path(shutil.copytree(images, tmp_path / "images"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ("strategy=unknown", ["'strategy/unknown'", "herding kcentre lc lm random sm"]),
        ("dataset=unknown", ["'dataset/unknown'", "cifar10", "folder", "mnist_mini"]),
        ("batch_size=k7", ["'batch_size/k7'", "k32"]),
        ("rouns=3", ["rouns"]),
        ("datamodule.augmentation=affine", ["datamodule.augmentation=affine", "_target_"]),
        ("query_size=0", ["query_size=0", "expected 1 to 48"]),
        ("query_size=-3", ["query_size=-3", "expected 1 to 48"]),
        (
            "initial_size=2",
            ["initial_size=2 is too few", "3 classes", "set initial_size=3 or more"],
        ),
        ("query_size=1.5", ["query_size=1.5", "between 0 and 1"]),
        ("query_size=0.0", ["query_size=0.0", "between 0 and 1"]),
        ("query_size=many", ["query_size=many", "number"]),
        ("query_size=null", ["query_size=None", "number"]),
        ("query_size=1", ["query_size=1 is too few", "set initial_size=3"]),
        ("initial_size=1", ["initial_size=1 is too few", "set initial_size=3"]),
        ("initial_size=49", ["initial_size=49", "expected 1 to 48"]),
        ("budget=3", ["budget=3", "6 labels of initial_size"]),
        ("budget=all", ["budget=all", "number"]),
        ("rounds=0", ["rounds=0", "at least 1"]),
        ("target_accuracy=97", ["target_accuracy=97", "0.97"]),
        ("target_accuracy=high", ["target_accuracy=high", "number"]),
        ("protocol.epochs_per_round=0", ["protocol.epochs_per_round=0", "at least 1"]),
        ("protocol.rescore_every=0", ["protocol.rescore_every=0", "at least 1"]),
        ("datamodule.train_batch_size=3", ["datamodule.train_batch_size=3", "at least 4"]),
        ("dataset.classes=[ash,birk]", ["'birk'", "'birch'"]),
        ("dataset.classes=[0,9]", ["'9'", "from 0 to 2"]),
        ("dataset.classes=[ash]", ["at least 2 classes", "ash"]),
        ("dataset.classes=ash", ["dataset.classes=[ash,"]),
        ("dataset.root=nowhere", ["nowhere", "dataset.root"]),
        ("dataset.store=floppy", ["dataset.store", "floppy"]),
        ("model.optimizer.lr=1e38", ["diverged", "model.optimizer.lr"]),
        ("+trainer.max_steps=3", ["trainer.max_steps", "rounds=... or budget"]),
        ("+trainer.overfit_batches=1", ["trainer.overfit_batches", "remove it"]),
        ("trainer.accelerator=abacus", ["trainer: ", "'abacus'", "cpu"]),
        ("+trainer.max_epohcs=3", ["trainer got an unexpected", "'max_epohcs'", "flags"]),
        ("trainer=gpu", ["No supported gpu backend"]),
    ],
)
def test_a_mistake_is_told_in_one_line_that_says_how_to_mend_it(complaint, mistake, words):
    told = complaint(mistake)
    assert (told[:9], told.count("\n"), [word for word in words if word not in told]) == (
        "askwell: ",
        1,
        [],
    )


def test_data_that_are_not_there_and_cannot_be_fetched_name_the_way_out(complaint, monkeypatch):
    def no_network(*arguments, **settings):
        raise URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    told = complaint("dataset=mnist", "data_dir=nowhere", "logger=none", shrink=False)
    assert all(word in told for word in ("nowhere", "dataset=mnist_mini"))


def test_an_empty_class_folder_is_named(complaint, own_images):
    for image in (own_images / "train" / "birch").iterdir():
        image.unlink()
    assert "train/birch holds no images" in complaint(f"dataset.root={own_images}")


def test_a_broken_image_is_named(complaint, own_images):
    image = own_images / "train" / "cedar" / "03.png"
    image.write_bytes(image.read_bytes()[:60])
    assert "train/cedar/03.png" in complaint(f"dataset.root={own_images}")


def test_train_and_test_folders_with_different_classes_are_named(complaint, own_images):
    (own_images / "test" / "ash").rename(own_images / "test" / "oak")
    assert "ash only in" in complaint(f"dataset.root={own_images}")


@pytest.mark.parametrize("mistake", ["query_size=0", "dataset.root=nowhere"])
def test_a_mistake_leaves_nothing_to_clear_away_before_the_next_try(
    complaint, program, tmp_path, mistake
):
    complaint(mistake)
    program()
    assert '"status": "finished"' in (tmp_path / "outputs" / "run" / "run.json").read_text()


@pytest.mark.parametrize(("flag", "folder"), [("seed=0", "outputs/run"), ("-m", "multirun/run/0")])
def test_a_finished_run_is_left_as_it_is_byte_for_byte(
    program, complaint, no_report, tmp_path, flag, folder
):
    program(flag)
    before = {file: file.read_bytes() for file in (tmp_path / folder).rglob("*") if file.is_file()}
    told = complaint(flag, "seed=1")
    after = {file: file.read_bytes() for file in (tmp_path / folder).rglob("*") if file.is_file()}
    assert "already holds a finished run" in told
    assert after == before
