"""What is logged of a config names no place of the machine it ran on."""

from pathlib import Path

import pytest

from askwell.logger.portable import portable

HOME = Path.home()


@pytest.mark.parametrize(
    ("value", "logged"),
    [
        ("data", "data"),
        (".cache/askwell", ".cache/askwell"),
        (f"{HOME}/photos/birds", "birds"),
        ("~/photos", "photos"),
        ("/mnt/disk/images", "images"),
        ("file:///mnt/disk/conf", "conf"),
        (f"kept in {HOME}/a/b", "kept in a/b"),
        ("https://example.org/a", "https://example.org/a"),
        ("askwell.model.Classifier", "askwell.model.Classifier"),
        (3, 3),
        (None, None),
        (["a", {"b": f"{HOME}/c"}], ["a", {"b": "c"}]),
    ],
)
def test_a_path_is_logged_without_its_place(value, logged):
    assert portable({"setting": value}) == {"setting": logged}


def test_a_path_below_the_current_folder_is_logged_as_seen_from_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert portable(f"{tmp_path}/outputs/run") == "outputs/run"


def test_the_hyperparameters_of_a_run_name_no_place(program, tmp_path):
    program("logger=csv", "rounds=1")
    logged = next((tmp_path / "outputs" / "run").rglob("hparams.yaml")).read_text()
    assert str(tmp_path) not in logged
    assert "outputs/run" in logged
