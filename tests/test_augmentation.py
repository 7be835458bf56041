"""Augmentation: keyed by image, within its bounds, equal to moving each image by itself."""

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from askwell.dataset.augmentation import DRAWS, AffineElastic, ShiftAndFlip, uniform

PIXELS = torch.randint(1, 256, (64, 3, 10, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
INDICES = torch.arange(1000, 1064)
KEY = 2**62 + 12345


def moved(image: np.ndarray, down: int, right: int, mirrored: bool) -> np.ndarray:
    """One image [C, H, W] on a black ground, pixel by pixel."""
    result = np.zeros_like(image)
    height, width = image.shape[1:]
    for row, column in np.ndindex(height, width):
        source_row, source_column = row - down, column - right
        if 0 <= source_row < height and 0 <= source_column < width:
            result[:, row, width - 1 - column if mirrored else column] = image[:, source_row, source_column]
    return result


def drawn(index: int, draw: int) -> float:
    return uniform(torch.tensor([index]), KEY, draw).item()


# The first outputs of SplitMix64 from seed 1234567, as published with the generator's reference code.
@pytest.mark.parametrize(
    ("place", "bits"),
    [
        (1, 6457827717110365317),
        (2, 3203168211198807973),
        (3, 9817491932198370423),
        (4, 4593380528125082431),
        (5, 16408922859458223821),
    ],
)
def test_the_numbers_are_those_of_splitmix64(place, bits):
    index, draw = divmod(place, DRAWS)
    assert uniform(torch.tensor([index]), 1234567, draw).item() == (bits >> 11) / 2**53


@settings(max_examples=50, deadline=None)
@given(key=st.integers(0, 2**63 - 1), start=st.integers(0, 2**40), draw=st.integers(0, 3))
def test_numbers_lie_from_0_to_below_1(key, start, draw):
    numbers = uniform(torch.arange(start, start + 100), key, draw)
    assert 0 <= numbers.min() <= numbers.max() < 1


@pytest.mark.parametrize("draw", range(4))
def test_numbers_are_uniform_over_the_images(draw):
    numbers = uniform(torch.arange(10_000), KEY, draw)
    assert scipy.stats.kstest(numbers.numpy(), "uniform").pvalue > 0.001


def test_numbers_are_uniform_over_the_epochs():
    numbers = [uniform(torch.tensor([7]), key, 0).item() for key in range(2000)]
    assert scipy.stats.kstest(numbers, "uniform").pvalue > 0.001


def test_draws_of_one_image_are_independent():
    numbers = np.stack([uniform(torch.arange(10_000), KEY, draw).numpy() for draw in range(4)])
    assert np.abs(np.corrcoef(numbers) - np.eye(4)).max() < 0.05


@pytest.mark.parametrize(("shift", "flip"), [(2, False), (2, True), (0, True), (5, True), (1, False)])
def test_a_batch_becomes_what_each_image_becomes_by_itself(shift, flip):
    expected = [
        moved(
            image.numpy(),
            down=shift - int(drawn(index, 0) * (2 * shift + 1)),
            right=shift - int(drawn(index, 1) * (2 * shift + 1)),
            mirrored=flip and drawn(index, 2) < 0.5,
        )
        for image, index in zip(PIXELS, INDICES.tolist(), strict=True)
    ]
    assert np.array_equal(ShiftAndFlip(shift, flip)(PIXELS, INDICES, KEY), np.stack(expected))


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(64)), batch_size=st.integers(1, 64))
def test_any_batching_gives_the_same_images(order, batch_size):
    augment, order = ShiftAndFlip(2, flip=True), torch.tensor(order)
    batches = [augment(PIXELS[batch], INDICES[batch], KEY) for batch in order.split(batch_size)]
    assert torch.equal(torch.cat(batches), augment(PIXELS, INDICES, KEY)[order])


@pytest.mark.parametrize("shift", [1, 2, 3])
def test_images_move_by_every_distance_up_to_the_bound_and_by_no_more(shift):
    dots = torch.zeros(500, 1, 9, 9, dtype=torch.uint8)
    dots[:, 0, 4, 4] = 255
    places = ShiftAndFlip(shift)(dots, torch.arange(500), KEY).nonzero()[:, 2:] - 4
    assert [set(axis.tolist()) for axis in places.T] == [set(range(-shift, shift + 1))] * 2


def test_half_of_the_images_are_mirrored():
    halves = torch.tensor([0, 255], dtype=torch.uint8).expand(2000, 1, 1, 2)
    mirrored = int((ShiftAndFlip(0, flip=True)(halves, torch.arange(2000), KEY)[:, 0, 0, 0] == 255).sum())
    assert scipy.stats.binomtest(mirrored, 2000, 0.5).pvalue > 0.001


def test_without_shift_and_flip_nothing_changes():
    assert torch.equal(ShiftAndFlip(0)(PIXELS, INDICES, KEY), PIXELS)


def test_another_epoch_moves_the_images_otherwise():
    augment = ShiftAndFlip(2, flip=True)
    assert not torch.equal(augment(PIXELS, INDICES, KEY), augment(PIXELS, INDICES, KEY + 1))


def test_shape_and_type_stay():
    result = ShiftAndFlip(2, flip=True)(PIXELS, INDICES, KEY)
    assert (result.shape, result.dtype) == (PIXELS.shape, torch.uint8)


def test_the_images_of_the_store_are_left_as_they_were():
    before = PIXELS.clone()
    ShiftAndFlip(2, flip=True)(PIXELS, INDICES, KEY)
    assert torch.equal(PIXELS, before)
