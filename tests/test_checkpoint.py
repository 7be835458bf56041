"""Checkpoints: whole, checked, harmless, and the one before at hand."""

import errno
import os
import resource
from pathlib import Path

import pytest
import torch

from askwell.errors import UserError
from askwell.run.checkpoint import SafeCheckpointIO

FIRST = {"state_dict": {"weight": torch.arange(500.0)}, "round": 1, "purchases": [[7, 1, 0, None]]}
SECOND = FIRST | {"round": 2}
checkpoints = SafeCheckpointIO()


@pytest.fixture
def path(tmp_path) -> Path:
    """A checkpoint of round 2, with that of round 1 before it."""
    path = tmp_path / "checkpoints" / "last.ckpt"
    checkpoints.save_checkpoint(FIRST, path)
    checkpoints.save_checkpoint(SECOND, path)
    return path


def previous(path: Path) -> Path:
    return path.with_name("last.ckpt.previous")


def flip_a_bit(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def truncate(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])


DAMAGES = {
    "a bit flipped in the checksum": lambda path: flip_a_bit(path, 3),
    "a bit flipped in the middle": lambda path: flip_a_bit(path, path.stat().st_size // 2),
    "a bit flipped at the end": lambda path: flip_a_bit(path, -1),
    "cut in the middle": lambda path: truncate(path, path.stat().st_size // 2),
    "cut by one byte": lambda path: truncate(path, -1),
    "cut in the checksum": lambda path: truncate(path, 10),
    "empty": lambda path: truncate(path, 0),
    "missing": Path.unlink,
}


@pytest.fixture(params=DAMAGES)
def damaged(request, path) -> Path:
    DAMAGES[request.param](path)
    return path


def test_what_was_saved_is_loaded(path):
    loaded = checkpoints.load_checkpoint(path)
    torch.testing.assert_close(loaded.pop("state_dict"), SECOND["state_dict"], rtol=0, atol=0)
    assert loaded == {"round": 2, "purchases": [[7, 1, 0, None]]}


def test_the_one_before_is_kept(path):
    assert checkpoints.load_checkpoint(previous(path))["round"] == 1


def test_of_a_damaged_checkpoint_the_one_before_is_loaded(damaged):
    assert checkpoints.load_checkpoint(damaged)["round"] == 1


def test_damage_is_said(damaged, caplog):
    checkpoints.load_checkpoint(damaged)
    assert f"{damaged} is damaged or missing" in caplog.text


def test_of_a_sound_checkpoint_nothing_is_said(path, caplog):
    checkpoints.load_checkpoint(path)
    assert caplog.records == []


def test_saving_over_a_damaged_checkpoint_keeps_the_good_one_before_it(damaged):
    checkpoints.save_checkpoint(FIRST | {"round": 3}, damaged)
    assert [
        checkpoints.load_checkpoint(file)["round"] for file in (damaged, previous(damaged))
    ] == [3, 1]


def test_nothing_readable_is_the_users_to_know(damaged):
    truncate(previous(damaged), 100)
    with pytest.raises(
        UserError, match=r"no readable checkpoint in .*checkpoints: start the run again"
    ):
        checkpoints.load_checkpoint(damaged)


class Hostile:
    """Touches a file as soon as it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def test_a_hostile_pickle_is_refused(tmp_path):
    checkpoints.save_checkpoint({"hostile": Hostile(tmp_path / "marker")}, tmp_path / "last.ckpt")
    with pytest.raises(UserError, match=r"last\.ckpt holds more than tensors and plain values"):
        checkpoints.load_checkpoint(tmp_path / "last.ckpt")
    assert not (tmp_path / "marker").exists()


def disk_full(*arguments):
    raise OSError(errno.ENOSPC, "no space left on device")


@pytest.mark.parametrize("steps", [["fsync"], ["link", "fsync"]])
def test_a_save_that_fails_leaves_the_last_checkpoint_and_no_part(path, monkeypatch, steps):
    for step in steps:
        monkeypatch.setattr(os, step, disk_full)
    with pytest.raises(UserError, match="no space left"):
        checkpoints.save_checkpoint(FIRST | {"round": 3}, path)
    assert checkpoints.load_checkpoint(path)["round"] == 2
    assert set(path.parent.iterdir()) == {path, previous(path)}


def test_a_file_system_without_hard_links_keeps_the_one_before_too(path, monkeypatch):
    monkeypatch.setattr(os, "link", disk_full)
    checkpoints.save_checkpoint(FIRST | {"round": 3}, path)
    assert [checkpoints.load_checkpoint(each)["round"] for each in (path, previous(path))] == [3, 2]


def test_a_save_cut_short_by_the_system_leaves_the_last_checkpoint_and_no_part(path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(UserError, match="File too large"):
            checkpoints.save_checkpoint(FIRST | {"round": 3}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert checkpoints.load_checkpoint(path)["round"] == 2
    assert set(path.parent.iterdir()) == {path, previous(path)}


def test_at_every_step_of_a_save_there_is_a_checkpoint_to_go_on_from(path, monkeypatch):
    seen = []
    for name in ("link", "fsync", "replace"):
        step = getattr(os, name)

        def watched(*arguments, step=step):
            seen.append(checkpoints.load_checkpoint(path)["round"])
            return step(*arguments)

        monkeypatch.setattr(os, name, watched)
    checkpoints.save_checkpoint(FIRST | {"round": 3}, path)
    assert set(seen) == {2}


def test_removing_takes_both_files(path):
    checkpoints.remove_checkpoint(path)
    assert list(path.parent.iterdir()) == []


def test_removing_what_is_not_there_is_no_error(tmp_path):
    checkpoints.remove_checkpoint(tmp_path / "last.ckpt")
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_is_read_where_its_device_is_not(tmp_path, monkeypatch):
    asked, load = [], torch.load
    monkeypatch.setattr(
        torch, "load", lambda *file, **how: asked.append(how["map_location"]) or load(*file, **how)
    )
    checkpoints.save_checkpoint({"state_dict": {}}, tmp_path / "last.ckpt")
    checkpoints.load_checkpoint(tmp_path / "last.ckpt")
    assert asked == ["cpu"]
