"""A folder that grows: an index never changes its meaning."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from photos import SIZE, numbered, plant

from askwell.dataset import OpenDataset
from askwell.dataset.unlabelled import Unlabelled
from askwell.errors import UserError
from askwell.images.asked import First
from askwell.images.image_list import ImageList, grown, read_list, write_list
from askwell.images.sources import FileSource


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return plant(tmp_path / "photos", numbered(10, start=10), first=10)


def opened(root: Path, cache: str = "cache", **settings: Any) -> OpenDataset:
    settings = {"grow": True, "image_list": root.parent / "run" / "images.json"} | settings
    return Unlabelled(
        root=root,
        classes=["cat", "dog"],
        image_size=SIZE,
        channels=1,
        data_dir="",
        cache_dir=root.parent / cache,
        **settings,
    ).open()


def levels(images: Any) -> list[int]:
    return images.fetch(np.arange(len(images)))[:, 0, 0, 0].tolist()


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are decoded."""
    names: list[str] = []
    read = FileSource.read

    def noted(source: FileSource, index: int) -> Any:
        names.append(Path(source.files[index]).name)
        return read(source, index)

    monkeypatch.setattr(FileSource, "read", noted)
    return names


def test_new_names_follow_the_known_ones_in_name_order() -> None:
    assert grown(["m", "c"], ["z", "c", "a", "m"]) == ("m", "c", "a", "z")


def test_a_name_that_is_gone_stays() -> None:
    assert grown(["a", "b"], ["b"]) == ("a", "b")


def test_a_list_is_read_as_it_was_written(tmp_path: Path) -> None:
    names = ("a b.png", "caf\udce9.png", "猫/👍.png")
    images = ImageList(names, First(3, (0, 2), (1,), "abc", (0.1, 1 / 3), (0.2, 2 / 3)))
    write_list(tmp_path / "run" / "images.json", images)
    assert read_list(tmp_path / "run" / "images.json") == images


def test_where_there_is_no_list_there_is_none(tmp_path: Path) -> None:
    assert read_list(tmp_path / "images.json") is None


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"images": ["a"], "first": {}}', '{"images": 7}', "\xff"]
)
def test_a_damaged_list_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "images.json").write_text(content, encoding="latin-1")
    with pytest.raises(UserError, match=r"images\.json is damaged"):
        read_list(tmp_path / "images.json")


def test_a_list_shorter_than_the_first_is_refused(root: Path) -> None:
    opened(root)
    file = root.parent / "run" / "images.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"images": content["images"][:5]}))
    with pytest.raises(UserError, match=r"holds 5 of 10 images"):
        opened(root)


def test_images_that_came_later_get_the_next_indices(root: Path) -> None:
    opened(root)
    plant(root, ["05.png", "99.png"], first=50)
    grown_one = opened(root)
    assert levels(grown_one.train) == [*range(10, 20), 50, 51]
    assert list(grown_one.train.names or ()) == [*numbered(10, start=10), "05.png", "99.png"]


def test_growth_changes_neither_sample_nor_fingerprint_nor_mean(root: Path) -> None:
    before = opened(root)
    plant(root, numbered(20, start=50), first=100)
    after = opened(root)
    assert after.held.tolist() == before.held.tolist()
    assert levels(after.evaluation) == levels(before.evaluation)
    assert after.fingerprint == before.fingerprint
    assert (after.mean, after.std) == (before.mean, before.std)


def test_labelled_images_may_come_to_a_folder_without_any(root: Path) -> None:
    (root / "labels" / "cat").mkdir(parents=True)
    before = opened(root, labelled="labels")
    plant(root, ["labels/cat/1.png", "labels/cat/2.png"], first=90)
    after = opened(root, labelled="labels")
    assert after.given.tolist() == [10, 11]
    assert after.fingerprint == before.fingerprint


def test_another_size_of_the_sample_than_the_lists_is_refused(root: Path) -> None:
    opened(root, evaluation_size=3)
    with pytest.raises(UserError, match=r"evaluation_size=4, but .* a sample of 3"):
        opened(root, evaluation_size=4)


def test_a_folder_grows_more_than_once(root: Path) -> None:
    for name in ("30.png", "25.png", "20.png"):
        opened(root)
        plant(root, [name], first=int(name[:2]))
    assert levels(opened(root).train) == [*range(10, 20), 30, 25, 20]


def test_the_list_alone_decides_without_grow(root: Path) -> None:
    before = opened(root)
    plant(root, ["05.png"])
    after = opened(root, grow=False)
    assert levels(after.train) == levels(before.train)
    assert after.fingerprint == before.fingerprint


def test_without_a_list_all_images_are_in_name_order(root: Path) -> None:
    opened(root)
    plant(root, ["05.png"], first=5)
    assert levels(opened(root, image_list=None).train) == [5, *range(10, 20)]


@pytest.mark.parametrize("grow", [True, False])
def test_an_image_that_is_gone_keeps_its_index_and_is_broken(root: Path, grow: bool) -> None:
    before = opened(root)
    gone = int(np.setdiff1d(np.arange(10), before.held)[0])
    (root / f"{gone + 10}.png").unlink()
    plant(root, ["05.png"], first=5)
    after = opened(root, grow=grow)
    expected = [0 if index == gone else index + 10 for index in range(10)] + grow * [5]
    assert (levels(after.train), after.broken.tolist()) == (expected, [gone])
    assert after.held.tolist() == before.held.tolist()


def test_a_link_that_leads_nowhere_any_more_is_gone(root: Path) -> None:
    plant(root.parent / "elsewhere", ["x.png"], first=30)
    (root / "15.png").unlink()
    (root / "15.png").symlink_to(root.parent / "elsewhere" / "x.png")
    assert levels(opened(root).train)[5] == 30
    (root.parent / "elsewhere" / "x.png").unlink()
    assert opened(root).broken.tolist() == [5]


def test_a_run_is_still_known_when_one_of_its_images_is_gone(root: Path) -> None:
    before = opened(root)
    (root / "13.png").unlink()
    after = opened(root, cache="another cache")
    assert (after.fingerprint, after.mean) == (before.fingerprint, before.mean)


def test_an_image_of_the_sample_that_is_gone_leaves_it(root: Path) -> None:
    before = opened(root)
    (root / f"{before.held[0] + 10}.png").unlink()
    after = opened(root)
    assert after.held.tolist() == before.held[1:].tolist()


def test_an_image_that_is_back_has_its_index_again(root: Path) -> None:
    before = opened(root)
    (root / "13.png").rename(root.parent / "13.png")
    opened(root)
    (root.parent / "13.png").rename(root / "13.png")
    after = opened(root)
    assert (levels(after.train), after.broken.size) == (levels(before.train), 0)
    assert after.fingerprint == before.fingerprint


def test_an_image_that_was_replaced_is_noticed(root: Path) -> None:
    before = opened(root)
    plant(root, ["13.png"], first=99)
    assert opened(root).fingerprint != before.fingerprint


def test_an_image_that_was_replaced_is_noticed_beside_a_broken_one(root: Path) -> None:
    (root / "15.png").write_bytes(b"")
    before = opened(root, broken_images="quarantine")
    plant(root, ["13.png"], first=99)
    assert opened(root, broken_images="quarantine").fingerprint != before.fingerprint


def test_an_image_that_broke_later_keeps_its_index(root: Path) -> None:
    opened(root, broken_images="quarantine")
    plant(root, ["05.png"], first=5)
    (root / "13.png").write_bytes(b"")
    after = opened(root, broken_images="quarantine")
    assert levels(after.train) == [10, 11, 12, 0, *range(14, 20), 5]
    assert after.broken.tolist() == [3]


def test_a_sweep_shares_the_list_of_its_first_job(root: Path) -> None:
    shared = root.parent / "sweep" / "images.json"
    first = opened(root, image_list=shared, grow=False)
    plant(root, ["05.png"])
    second = opened(root, image_list=shared, grow=False)
    assert second.fingerprint == first.fingerprint
    assert second.train.names == first.train.names


def test_a_list_that_did_not_change_is_not_written_again(root: Path) -> None:
    opened(root)
    before = (root.parent / "run" / "images.json").stat().st_mtime_ns
    opened(root)
    assert (root.parent / "run" / "images.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("store", ["memmap", "none"])
def test_a_grown_folder_is_the_same_with_and_without_a_store(root: Path, store: str) -> None:
    opened(root)
    plant(root, ["05.png"], first=5)
    (root / "12.png").unlink()
    assert levels(opened(root, store=store).train) == [10, 11, 0, *range(13, 20), 5]


def test_only_new_images_are_decoded(root: Path, decoded: list[str]) -> None:
    opened(root)
    plant(root, ["05.png", "99.png"], first=50)
    decoded.clear()
    opened(root)
    assert set(decoded) - {"10.png"} == {"05.png", "99.png"}


def test_another_size_is_decoded_anew(root: Path, decoded: list[str]) -> None:
    opened(root)
    decoded.clear()
    Unlabelled(
        root=root,
        classes=["a", "b"],
        image_size=2,
        channels=1,
        data_dir="",
        cache_dir=root.parent / "cache",
    ).open()
    assert set(decoded) == set(numbered(10, start=10))


def test_a_damaged_store_is_not_copied_from(root: Path, decoded: list[str]) -> None:
    store: Any = opened(root).train
    pixels = np.load(store.folder / "pixels.npy")
    np.save(store.folder / "pixels.npy", pixels + 1)
    plant(root, ["99.png"], first=99)
    assert levels(opened(root).train) == [*range(10, 20), 99]


def test_copied_pixels_make_the_store_that_decoding_makes(root: Path) -> None:
    opened(root)
    plant(root, ["05.png", "99.png"], first=50)
    grown_one, fresh = opened(root), opened(root, cache="another cache")
    assert grown_one.train.fingerprint == fresh.train.fingerprint


NAMES = st.lists(st.text(max_size=3), unique=True)


@given(NAMES, NAMES)
def test_a_list_only_ever_grows(known: list[str], found: list[str]) -> None:
    names = grown(known, found)
    assert list(names[: len(known)]) == known
    assert set(names) == {*known, *found}
    assert len(set(names)) == len(names)
    assert grown(names, found) == names
