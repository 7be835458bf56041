"""Views of images, and data with and without truth."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from askwell.dataset import UNKNOWN, ArraySource, ImageDataset, OpenDataset, Splits
from askwell.errors import UserError
from askwell.images.contracts import truth_of
from askwell.images.evaluation_sample import evaluation_sample
from askwell.images.fingerprint import digest_images
from askwell.images.on_demand import OnDemandImages
from askwell.images.on_gpu import on_device
from askwell.images.store import ImageStore
from askwell.images.view import View

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 3, 3), dtype=np.uint8)


class Asked(ImageDataset):
    """A user's own data set without an evaluation set."""

    labels: Sequence[int] | None = None

    def splits(self) -> Splits:
        return Splits(source(self.labels), None, ("low", "high"))


def source(labels: Sequence[int] | None) -> ArraySource:
    truth = None if labels is None else np.array(labels)
    return ArraySource(lambda: (PIXELS, truth), f"toy {labels}", 3, 1)


def opened(folder: Path, labels: Sequence[int] | None, size: int | None = None) -> OpenDataset:
    dataset = Asked(image_size=3, channels=1, data_dir="", cache_dir=folder, evaluation_size=size)
    object.__setattr__(dataset, "labels", labels)
    return dataset.open()


@pytest.fixture
def images() -> OnDemandImages:
    return OnDemandImages(source(range(12)))


def test_a_view_fetches_the_images_at_its_indices(images: OnDemandImages) -> None:
    view = View(images, np.array([7, 2, 9]))
    assert torch.equal(view.fetch(np.array([2, 0])), images.fetch(np.array([9, 7])))
    assert len(view) == 3


def test_a_view_has_the_truth_of_its_images(images: OnDemandImages) -> None:
    assert View(images, np.array([7, 2])).truth.tolist() == [7, 2]


def test_a_view_of_images_without_truth_is_unknown_until_it_is_told() -> None:
    images, indices = OnDemandImages(source(None)), np.array([7, 2])
    assert View(images, indices).truth.tolist() == [UNKNOWN, UNKNOWN]
    assert View(images, indices, np.array([1, 0])).truth.tolist() == [1, 0]


def test_views_of_other_images_have_other_fingerprints(images: OnDemandImages) -> None:
    views = [[1, 2], [2, 1], [1, 3], [11]]
    assert len({View(images, np.array(view)).fingerprint for view in views}) == 4


def test_a_view_is_not_moved_but_follows_its_images(images: OnDemandImages) -> None:
    view = View(images, np.array([1]))
    placed = on_device([images, view], torch.device("cpu"))
    assert placed[0] is images
    assert isinstance(placed[1], View)
    assert placed[1].images is images


def test_a_view_follows_a_store_to_the_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ImageStore.open(source(range(12)), tmp_path)
    moved = OnDemandImages(source(range(12)))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10**9, 0))
    monkeypatch.setattr("askwell.images.on_gpu.ResidentImages", lambda images, device: moved)
    view = on_device([store, View(store, np.array([3]))], torch.device("cuda"))[1]
    assert isinstance(view, View)
    assert view.images is moved


def test_the_fingerprint_without_truth_is_of_the_pixels_alone(tmp_path: Path) -> None:
    known, unknown = (
        ImageStore.open(source(labels), tmp_path).fingerprint for labels in (range(12), None)
    )
    blocks = [PIXELS[:, :, :, None]]
    assert unknown == digest_images(None, (3, 3, 1), blocks)
    assert known == digest_images(np.arange(12), (3, 3, 1), blocks) != unknown


def test_a_store_without_truth_is_used_again(tmp_path: Path) -> None:
    first, again = (ImageStore.open(source(None), tmp_path) for _ in range(2))
    assert (again.truth, again.folder, len(again)) == (None, first.folder, 12)


def test_a_store_whose_labels_were_deleted_is_built_again(tmp_path: Path) -> None:
    (ImageStore.open(source(range(12)), tmp_path).folder / "labels.npy").unlink()
    assert truth_of(ImageStore.open(source(range(12)), tmp_path)).tolist() == list(range(12))


def test_truth_that_is_absent_is_said() -> None:
    with pytest.raises(UserError, match="have no labels: set oracle=file"):
        truth_of(source(None))


def test_a_data_set_of_ones_own_may_leave_out_the_evaluation_set(tmp_path: Path) -> None:
    found = opened(tmp_path, None)
    assert (len(found.train), len(found.evaluation), found.knows_truth) == (12, 2, False)
    assert np.array_equal(found.held, found.evaluation.indices)  # type: ignore[attr-defined]


def test_with_whole_truth_an_oracle_can_be_simulated(tmp_path: Path) -> None:
    labels = 6 * [0, 1]
    found = opened(tmp_path, labels)
    assert (found.knows_truth, found.given.size) == (True, 0)
    assert truth_of(found.evaluation).tolist() == [labels[index] for index in found.held]


def test_known_labels_are_given_and_never_held(tmp_path: Path) -> None:
    found = opened(tmp_path, [UNKNOWN] * 4 + [0, 1, 0, 1, 0] + [UNKNOWN] * 3, size=5)
    assert found.given.tolist() == [4, 5, 6, 7, 8]
    assert not np.isin(found.held, found.given).any()


@pytest.mark.parametrize("stray", [-2, 2])
def test_a_label_that_names_no_class_is_refused(tmp_path: Path, stray: int) -> None:
    with pytest.raises(UserError, match=r"labels of the training set run from"):
        opened(tmp_path, [UNKNOWN] * 11 + [stray])


@pytest.mark.parametrize(("images", "size"), [(5, 1), (499, 99), (500, 100), (10_000, 100)])
def test_a_sample_is_a_fifth_but_at_most_a_hundred(images: int, size: int) -> None:
    held = evaluation_sample(images, np.zeros(0, np.int64))
    assert len(set(held.tolist())) == size
    assert held.tolist() == sorted(held.tolist())
    assert 0 <= held[0] <= held[-1] < images


def test_every_image_is_as_likely_in_a_sample() -> None:
    none = np.zeros(0, np.int64)
    drawn = [(evaluation_sample(n, none, 40) + 0.5) / n for n in range(100, 600)]
    assert np.mean(drawn) == pytest.approx(0.5, abs=4 * (1 / 12 / (500 * 40)) ** 0.5)
