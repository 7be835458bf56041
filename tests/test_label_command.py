"""What `askwell label` makes of its command line, before anything is served."""

import threading
import webbrowser
from dataclasses import replace

import pytest
from photos import numbered, plant

pytest.importorskip("fastapi", reason="the page is an extra: pip install -e .[label]")

from askwell.command import browser, label
from askwell.command.page.defaults import COMMON, PIXELS, ROWS
from askwell.command.page.start import GIVEN, Photos
from askwell.errors import UserError
from askwell.files import write_json

MANY = tuple(f"class {number}" for number in range(21))


@pytest.fixture
def photos(tmp_path):
    return plant(tmp_path / "photos", numbered(3))


def subject_of(*words):
    return label.subject_of(label.parser().parse_intermixed_args(words))


@pytest.mark.parametrize("typed", ["{photos}", "../photos", "./../photos/", "../link"])
def test_a_folder_is_the_same_however_it_is_typed(photos, tmp_path, monkeypatch, typed):
    (tmp_path / "work").mkdir()
    (tmp_path / "link").symlink_to(photos)
    monkeypatch.chdir(tmp_path / "work")
    first, folders = subject_of("../photos", "--classes", "ash,birch", "--run", "mine")
    first.folder.mkdir(parents=True)
    first.note()
    assert subject_of(typed.format(photos=photos), "--run", "mine") == (first, folders)
    assert first.photos == str(photos)


def test_a_run_is_named_after_the_folder_and_not_after_how_it_is_typed(
    photos, tmp_path, monkeypatch
):
    (photos / "deep").mkdir()
    monkeypatch.chdir(tmp_path)
    _, (folder,) = subject_of("photos/deep/..", "--classes", "ash,birch")
    assert folder == tmp_path / "outputs" / "label-photos"


@pytest.mark.parametrize("typed", [".", "..", "../../link"])
def test_nothing_is_written_among_the_photos(photos, tmp_path, monkeypatch, typed):
    (photos / "deep").mkdir()
    (tmp_path / "link").symlink_to(photos)
    monkeypatch.chdir(photos if typed == "." else photos / "deep")
    with pytest.raises(UserError, match="is among the photos: call askwell elsewhere"):
        subject_of(typed, "--classes", "ash,birch")


@pytest.mark.parametrize(
    ("defaults", "facts", "size"),
    [
        (PIXELS, {}, ["initial_size=21"]),  # which a random query must have
        (ROWS, {}, []),
        (ROWS, {"overrides": ("initial=random",)}, ["initial_size=21"]),
        (PIXELS, {"overrides": ("initial=herding",)}, []),
        (PIXELS, {"overrides": ("initial_size=30",)}, ["initial_size=30"]),
        (PIXELS, {"classes": MANY[:20]}, []),
        (PIXELS, {"labels": "have.csv"}, []),
    ],
)
def test_a_first_query_is_no_larger_than_it_must_be(tmp_path, defaults, facts, size):
    photos = Photos(tmp_path, "/photos", MANY, defaults=(*COMMON, *defaults))
    assert sizes_of(replace(photos, **facts)) == size


def test_after_a_class_was_added_the_labels_so_far_are_enough_to_begin(tmp_path):
    (tmp_path / GIVEN).write_text("image,label\n00.png,class 1\n")
    assert sizes_of(Photos(tmp_path, "/photos", MANY)) == []


@pytest.mark.parametrize(("began", "size"), [(21, ["initial_size=21"]), (None, [])])
def test_a_run_keeps_the_size_that_it_began_with(tmp_path, began, size):
    write_json(tmp_path / "run.json", {"status": "waiting", "config": {"initial_size": began}})
    for defaults in (PIXELS, ROWS):
        photos = Photos(tmp_path, "/photos", MANY, defaults=(*COMMON, *defaults))
        assert sizes_of(photos) == size


def sizes_of(photos):
    return [word for word in photos.command().arguments if word.startswith("initial_size")]


class Browser:
    """One that stays in the foreground until it is closed."""

    def __init__(self, name):
        self.name, self.shown, self.closed = name, threading.Event(), threading.Event()

    def open(self, address):
        self.shown.set()
        self.closed.wait(10)


def test_a_browser_that_stays_in_the_foreground_is_not_waited_for(monkeypatch):
    found = Browser("a script")
    monkeypatch.setattr(webbrowser, "get", lambda: found)
    browser.open_browser("http://here")
    assert found.shown.wait(10)
    assert not found.closed.is_set()
    found.closed.set()


def test_a_browser_that_would_take_the_terminal_is_not_opened(monkeypatch):
    found = Browser("w3m")
    monkeypatch.setattr(webbrowser, "get", lambda: found)
    monkeypatch.setattr(threading.Thread, "start", threading.Thread.run)  # at once
    browser.open_browser("http://here")
    assert not found.shown.is_set()


def test_no_browser_at_all_is_no_mistake(monkeypatch):
    def none():
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", none)
    browser.open_browser("http://here")
