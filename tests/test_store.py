"""The store: decoded once, whole or not there, the same pixels for everyone."""

import json
import os
import pickle
import resource
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from askwell.errors import UserError
from askwell.images.contracts import Source
from askwell.images.fingerprint import digest, digest_images
from askwell.images.on_demand import OnDemandImages
from askwell.images.pixels import DECODER, BrokenImageError
from askwell.images.quarantine import open_without_broken
from askwell.images.store import ImageStore, folder_of

COUNT, HEIGHT, WIDTH, CHANNELS = 70, 4, 5, 3


@dataclass
class Noise:
    """Random images that remember which of them were decoded."""

    broken: tuple[int, ...] = ()
    stamp: str = "noise"
    decoded: list[int] = field(default_factory=list)

    @property
    def pixels(self) -> np.ndarray:
        return np.random.default_rng(0).integers(
            0, 256, (COUNT, HEIGHT, WIDTH, CHANNELS), dtype=np.uint8
        )

    names = None

    @property
    def truth(self) -> np.ndarray:
        return np.arange(COUNT) % 3

    def __len__(self) -> int:
        return COUNT

    def decode(self, index: int) -> np.ndarray:
        self.decoded.append(index)
        if index in self.broken:
            raise BrokenImageError(f"{index}.png", "cut off")
        return self.pixels[index]


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """What a full disk looks like to a process: writes beyond the limit fail."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_fetch_returns_the_pixels_of_the_source(tmp_path: Path) -> None:
    indices = np.array([69, 0, 3, 3])
    fetched = ImageStore.open(Noise(), tmp_path).fetch(indices)
    assert torch.equal(fetched, torch.from_numpy(Noise().pixels[indices].transpose(0, 3, 1, 2)))


def test_labels_are_those_of_the_source(tmp_path: Path) -> None:
    assert np.array_equal(ImageStore.open(Noise(), tmp_path).truth, Noise().truth)


@pytest.mark.parametrize("batch", [1, 64])
def test_a_fetched_batch_is_channels_last(tmp_path: Path, batch: int) -> None:
    fetched = ImageStore.open(Noise(), tmp_path).fetch(np.arange(batch))
    assert fetched.shape == (batch, CHANNELS, HEIGHT, WIDTH)
    assert fetched.is_contiguous(memory_format=torch.channels_last)


def test_an_empty_batch_has_the_shape_of_the_images(tmp_path: Path) -> None:
    fetched = ImageStore.open(Noise(), tmp_path).fetch(np.arange(0))
    assert fetched.shape == (0, CHANNELS, HEIGHT, WIDTH)


def test_writing_into_a_batch_leaves_the_store_alone(tmp_path: Path) -> None:
    store = ImageStore.open(Noise(), tmp_path)
    store.fetch(np.arange(COUNT)).zero_()
    assert store.fetch(np.arange(COUNT)).any()


def test_an_index_beyond_the_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexError, match="out of bounds"):
        ImageStore.open(Noise(), tmp_path).fetch(np.array([COUNT]))


def test_the_second_open_decodes_nothing(tmp_path: Path) -> None:
    ImageStore.open(Noise(), tmp_path)
    again = Noise()
    ImageStore.open(again, tmp_path)
    assert again.decoded == []


def test_another_stamp_is_another_store(tmp_path: Path) -> None:
    ImageStore.open(Noise(), tmp_path)
    changed = Noise(stamp="changed")
    ImageStore.open(changed, tmp_path)
    assert set(changed.decoded) == set(range(COUNT))


def test_the_same_images_elsewhere_have_the_same_fingerprint(tmp_path: Path) -> None:
    here, elsewhere = (
        ImageStore.open(Noise(stamp=stamp), tmp_path) for stamp in ("here", "elsewhere")
    )
    assert here.folder != elsewhere.folder
    assert here.fingerprint == elsewhere.fingerprint == OnDemandImages(Noise()).fingerprint


def test_images_that_differ_have_different_fingerprints() -> None:
    labels, pixels = Noise().truth, Noise().pixels
    shape, other = pixels.shape[1:], pixels.copy()
    other[-1, -1, -1, -1] ^= 1
    same_pixels = [(labels, shape), (labels[::-1], shape), (labels, shape[::-1])]
    digests = {digest_images(*facts, pixels) for facts in same_pixels}
    assert (
        len(digests | {digest_images(labels, shape, changed) for changed in (other, pixels[::-1])})
        == 5
    )


def test_without_a_store_all_broken_images_are_named_too() -> None:
    with pytest.raises(UserError, match=r"2 images: 3\.png .* and 40\.png"):
        _ = OnDemandImages(Noise(broken=(3, 40))).fingerprint


def test_a_store_of_which_a_fact_is_missing_is_built_again(tmp_path: Path) -> None:
    (ImageStore.open(Noise(), tmp_path).folder / "content.json").write_text("{}")
    assert ImageStore.open(Noise(), tmp_path).fingerprint


@pytest.mark.parametrize("name", ["pixels.npy", "labels.npy", "content.json"])
def test_a_store_whose_file_was_cut_is_built_again(tmp_path: Path, name: str) -> None:
    file = ImageStore.open(Noise(), tmp_path).folder / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert ImageStore.open(Noise(), tmp_path).fetch(np.array([5])).any()


def test_a_store_of_the_wrong_shape_is_built_again(tmp_path: Path) -> None:
    folder = ImageStore.open(Noise(), tmp_path).folder
    np.save(folder / "pixels.npy", np.zeros((COUNT, HEIGHT), np.uint8))
    assert ImageStore.open(Noise(), tmp_path).pixels.shape == (COUNT, HEIGHT, WIDTH, CHANNELS)


def test_what_a_killed_build_left_is_not_in_the_way(tmp_path: Path) -> None:
    part = folder_of(Noise(), tmp_path).with_suffix(".part")
    part.mkdir()
    (part / "pixels.npy").write_text("half")
    (part / "left").touch()
    folder = ImageStore.open(Noise(), tmp_path).folder
    assert sorted(file.name for file in folder.iterdir()) == [
        "content.json",
        "labels.npy",
        "pixels.npy",
    ]
    assert not part.exists()


def flip_a_bit(file: Path) -> None:
    """In place, in the middle of its data, with its size and times as before."""
    before, content = file.stat(), bytearray(file.read_bytes())
    content[(128 + len(content)) // 2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("name", ["pixels.npy", "labels.npy"])
def test_a_store_in_which_a_bit_was_flipped_is_built_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    flip_a_bit(ImageStore.open(Noise(), tmp_path).folder / name)
    store = ImageStore.open(Noise(), tmp_path)
    assert np.array_equal(store.pixels, Noise().pixels)
    assert np.array_equal(store.truth, Noise().truth)
    assert "its pixels or labels were changed), it is built again" in caplog.text


def test_a_store_whose_labels_were_reversed_is_built_again(tmp_path: Path) -> None:
    folder = ImageStore.open(Noise(), tmp_path).folder
    np.save(folder / "labels.npy", Noise().truth[::-1].copy())
    assert np.array_equal(ImageStore.open(Noise(), tmp_path).truth, Noise().truth)


@pytest.mark.parametrize("fact", ["fingerprint", "mean", "std", "traits", "state"])
def test_a_store_of_which_a_fact_was_changed_is_built_again(tmp_path: Path, fact: str) -> None:
    store = ImageStore.open(Noise(), tmp_path)
    content = json.loads((store.folder / "content.json").read_text())
    other = ImageStore.open(Noise(stamp="other"), tmp_path / "other")
    content[fact] = {"traits": {"deep": 7}, "fingerprint": "0" * 32}.get(fact, [0.5] * CHANNELS)
    (store.folder / "content.json").write_text(json.dumps(content))
    again = ImageStore.open(Noise(), tmp_path)
    facts = (again.fingerprint, again.statistics, again.traits)
    assert facts == (other.fingerprint, other.statistics, other.traits)


def test_a_store_that_was_copied_is_used_and_read_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ImageStore.open(Noise(), tmp_path / "here").folder.parent, tmp_path / "there")
    reads, whole = [], ImageStore.is_whole.fget
    monkeypatch.setattr(
        ImageStore, "is_whole", property(lambda store: reads.append(1) or whole(store))
    )
    source = Noise()
    for _ in range(3):
        ImageStore.open(source, tmp_path / "there")
    assert (reads, source.decoded) == ([1], [])


def test_a_store_of_the_former_decoder_is_not_used(tmp_path: Path) -> None:
    former = tmp_path / digest(Noise().stamp, "pixels.npy", "labels.npy", "content.json")
    shutil.copytree(ImageStore.open(Noise(), tmp_path / "other").folder, former)
    np.save(former / "pixels.npy", np.zeros_like(Noise().pixels))
    assert np.array_equal(ImageStore.open(Noise(), tmp_path).pixels, Noise().pixels)


def test_a_decoder_that_changes_pixels_has_a_store_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ImageStore.open(Noise(), tmp_path)
    monkeypatch.setattr("askwell.images.store.DECODER", DECODER + 1)
    assert ImageStore.open(Noise(), tmp_path).folder != before.folder


def test_a_pickle_holds_the_folder_and_not_the_pixels(tmp_path: Path) -> None:
    assert len(pickle.dumps(ImageStore.open(Noise(), tmp_path))) < 500


def test_a_pickled_store_fetches_the_same(tmp_path: Path) -> None:
    store = ImageStore.open(Noise(), tmp_path)
    copy = pickle.loads(pickle.dumps(store))
    assert torch.equal(copy.fetch(np.arange(9)), store.fetch(np.arange(9)))


def test_jobs_that_start_together_build_one_store(tmp_path: Path) -> None:
    source = Noise()
    with ThreadPoolExecutor(4) as jobs:
        list(jobs.map(lambda _: ImageStore.open(source, tmp_path), range(4)))
    assert source.decoded.count(5) == 1


def test_one_broken_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read the image 7\.png \(cut off\)"):
        ImageStore.open(Noise(broken=(7,)), tmp_path)


def test_many_broken_images_are_counted_and_the_first_named(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"5 images: 1\.png \(cut off\), 2\.png .*, 40\.png .* and 2 more"
    ):
        ImageStore.open(Noise(broken=(1, 2, 40, 41, 69)), tmp_path)


def test_the_first_image_may_be_the_broken_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"2 images: 0\.png .* and 9\.png"):
        ImageStore.open(Noise(broken=(0, 9)), tmp_path)


def test_a_build_that_failed_leaves_no_store(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cut off"):
        ImageStore.open(Noise(broken=(7,)), tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_full_disk_says_what_to_set(tmp_path: Path) -> None:
    with (
        no_file_larger_than(1000),
        pytest.raises(UserError, match=r"cache_dir=… .* dataset\.store=none"),
    ):
        ImageStore.open(Noise(), tmp_path)


def test_a_cache_that_cannot_be_written_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"set cache_dir=…"):
        ImageStore.open(Noise(), tmp_path / "file")


@pytest.mark.parametrize("indices", [[], [3], [69, 0, 3]])
def test_images_on_demand_are_those_of_the_store(tmp_path: Path, indices: list[int]) -> None:
    chosen = np.array(indices, dtype=np.int64)
    stored, decoded = (
        ImageStore.open(Noise(), tmp_path).fetch(chosen),
        OnDemandImages(Noise()).fetch(chosen),
    )
    assert torch.equal(stored, decoded)


def test_statistics_are_those_of_all_pixels(tmp_path: Path) -> None:
    mean, std = ImageStore.open(Noise(), tmp_path).statistics
    channels = Noise().pixels.reshape(-1, CHANNELS) / 255
    assert np.allclose(mean, channels.mean(axis=0), rtol=1e-12)
    assert np.allclose(std, channels.std(axis=0), rtol=1e-12)


def test_statistics_are_the_same_with_and_without_a_store(tmp_path: Path) -> None:
    assert ImageStore.open(Noise(), tmp_path).statistics == OnDemandImages(Noise()).statistics


def test_images_of_one_colour_have_a_standard_deviation_above_zero() -> None:
    class Black(Noise):
        pixels = np.zeros((COUNT, HEIGHT, WIDTH, CHANNELS), np.uint8)

    black: Source = Black()
    assert OnDemandImages(black).statistics.std == [1 / 255] * CHANNELS


def test_broken_images_can_be_left_out(tmp_path: Path) -> None:
    kept = [index for index in range(COUNT) if index not in (0, 40)]
    store = open_without_broken(Noise(broken=(0, 40)), tmp_path)
    assert torch.equal(
        store.fetch(np.arange(len(store))), ImageStore.open(Noise(), tmp_path).fetch(np.array(kept))
    )
    assert np.array_equal(store.truth, Noise().truth[kept])


def test_what_is_left_out_is_known_without_looking_at_the_images_again(tmp_path: Path) -> None:
    first, again = open_without_broken(Noise(broken=(0, 40)), tmp_path), Noise(broken=(0, 40))
    second = open_without_broken(again, tmp_path)
    assert (second.fingerprint, again.decoded) == (first.fingerprint, [])


def test_images_left_out_are_another_data_set(tmp_path: Path) -> None:
    fingerprints = {
        open_without_broken(Noise(broken=(one,)), tmp_path / str(one)).fingerprint for one in (3, 4)
    }
    assert len(fingerprints | {ImageStore.open(Noise(), tmp_path).fingerprint}) == 3


def test_what_is_left_out_is_said_and_listed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    open_without_broken(Noise(broken=(7,)), tmp_path)
    assert "7.png (cut off)" in caplog.text
    assert ['"7.png"' in listed.read_text() for listed in tmp_path.glob("*.quarantine.json")] == [
        True
    ]


def test_a_damaged_list_of_what_is_left_out_is_made_again(tmp_path: Path) -> None:
    open_without_broken(Noise(broken=(7,)), tmp_path)
    next(tmp_path.glob("*.quarantine.json")).write_text("{")
    assert len(open_without_broken(Noise(broken=(7,)), tmp_path)) == COUNT - 1


def test_where_nothing_is_broken_nothing_is_left_out(tmp_path: Path) -> None:
    assert (
        open_without_broken(Noise(), tmp_path).folder == ImageStore.open(Noise(), tmp_path).folder
    )


def test_images_left_out_once_are_still_an_error_where_they_should_be(tmp_path: Path) -> None:
    open_without_broken(Noise(broken=(7,)), tmp_path)
    with pytest.raises(UserError, match="cut off"):
        ImageStore.open(Noise(broken=(7,)), tmp_path)


def test_a_class_without_any_image_left_is_an_error(tmp_path: Path) -> None:
    first_class = tuple(range(0, COUNT, 3))
    with pytest.raises(
        UserError,
        match=r"not one image of some class can be read: .*quarantine\.json names them all",
    ):
        open_without_broken(Noise(broken=first_class), tmp_path)
