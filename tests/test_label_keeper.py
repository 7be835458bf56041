"""What the page's process tells of the runs that it keeps going."""

import time
from types import SimpleNamespace

import pytest

pytest.importorskip("fastapi", reason="the page is an extra: pip install -e .[label]")

from label_runs import waiting

from askwell.command.page import keeper as module
from askwell.command.page.asking import Asking
from askwell.command.page.child import Child
from askwell.command.page.keeper import NEWS, Keeper
from askwell.command.page.session import Session
from askwell.command.page.start import Photos


@pytest.fixture
def keeper(tmp_path, monkeypatch):
    run = waiting(tmp_path / "run", classes=("ash", "birch"))
    monkeypatch.setattr(Child, "resume", lambda *words: None)  # nothing is trained
    photos = Photos(run, str(tmp_path), ("ash", "birch"))
    return Keeper(Session([Asking(run)], ["ada"]), photos)


def test_that_a_class_was_added_is_told_for_a_while(keeper, monkeypatch):
    keeper.add_classes(["cedar"])
    keeper.look()
    assert "A class was added" in keeper.state()["notice"]
    later = time.monotonic() + NEWS
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: later))
    assert keeper.state()["notice"] is None


def test_trouble_is_told_for_as_long_as_it_lasts(keeper, monkeypatch):
    def full():
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(keeper, "look", full)
        keeper.start()
        until(lambda: "No space left" in (keeper.state()["notice"] or ""))
    until(lambda: keeper.state()["notice"] is None)
    keeper.stop()


def until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
