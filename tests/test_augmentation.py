"""Augmentation: keyed by image, within its bounds, equal to moving each image by itself."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from askwell.batches.augmentation import AffineElastic, ShiftAndFlip
from askwell.randomness import DRAWS, uniform

PIXELS = torch.randint(
    1, 256, (64, 3, 10, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
INDICES = torch.arange(1000, 1064)
KEY = 2**62 + 12345


def moved(image: np.ndarray, down: int, right: int, mirrored: bool) -> np.ndarray:
    """One image [C, H, W] on a black ground, pixel by pixel."""
    result = np.zeros_like(image)
    height, width = image.shape[1:]
    for row, column in np.ndindex(height, width):
        source_row, source_column = row - down, column - right
        if 0 <= source_row < height and 0 <= source_column < width:
            result[:, row, width - 1 - column if mirrored else column] = image[
                :, source_row, source_column
            ]
    return result


def drawn(index: int, draw: int) -> float:
    return uniform(torch.tensor([index]), KEY, draw).item()


# The first outputs of SplitMix64 from seed 1234567, as published with the generator's reference
# code.
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


@pytest.mark.parametrize(
    ("shift", "flip"), [(2, False), (2, True), (0, True), (5, True), (1, False)]
)
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
    mirrored = int(
        (ShiftAndFlip(0, flip=True)(halves, torch.arange(2000), KEY)[:, 0, 0, 0] == 255).sum()
    )
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


SQUARE = (
    torch.nn.functional.interpolate(PIXELS[:, :, :5, :5].float(), size=(20, 20), mode="bicubic")
    .clamp(0, 255)
    .byte()
)
STILL = AffineElastic(degrees=0, shear=0, scale=0, shift=0, elastic=0)


def spread(index: int, draw: int) -> float:
    """A draw from -1 to 1."""
    return 2 * drawn(index, draw) - 1


def assert_close(pixels: torch.Tensor, expected: np.ndarray) -> None:
    """To one grey level; black comes in at the rim, which the references end otherwise, so it is
    left out.
    """
    inner = np.abs(pixels.numpy().astype(float) - expected)[..., 6:-6, 6:-6]
    assert inner.max() <= 1


def test_nothing_turned_nor_bent_is_the_same_image():
    assert torch.equal(STILL(SQUARE, INDICES, KEY), SQUARE)


def test_images_turn_as_scipy_turns_them():
    turned = replace(STILL, degrees=30)(SQUARE, INDICES, KEY)
    for image, index, result in zip(SQUARE, INDICES.tolist(), turned, strict=True):
        angle = 30 * spread(index, 0)
        expected = scipy.ndimage.rotate(
            image.numpy().astype(float), angle, axes=(1, 2), reshape=False, order=1
        )
        assert_close(result, expected)


def test_images_move_as_scipy_moves_them():
    shifted = replace(STILL, shift=3)(SQUARE, INDICES, KEY)
    for image, index, result in zip(SQUARE, INDICES.tolist(), shifted, strict=True):
        by = (0, -3 * spread(index, 5), -3 * spread(index, 4))
        assert_close(result, scipy.ndimage.shift(image.numpy().astype(float), by, order=1))


def test_images_grow_and_shrink_as_scipy_scales_them():
    scaled = replace(STILL, scale=0.3)(SQUARE, INDICES, KEY)
    for image, index, result in zip(SQUARE, INDICES.tolist(), scaled, strict=True):
        scales = np.array([1, 1 + 0.3 * spread(index, 3), 1 + 0.3 * spread(index, 2)])
        middle = np.array([0, 9.5, 9.5])
        assert_close(
            result,
            scipy.ndimage.affine_transform(
                image.numpy().astype(float), scales, middle - scales * middle, order=1
            ),
        )


def test_images_are_sheared_as_scipy_maps_them():
    sheared = replace(STILL, shear=30)(SQUARE, INDICES, KEY)
    for image, index, result in zip(SQUARE, INDICES.tolist(), sheared, strict=True):
        angle = np.radians(30 * spread(index, 1))
        rows_and_columns = np.array([[1, 0, 0], [0, np.cos(angle), 0], [0, -np.sin(angle), 1]])
        middle = np.array([0, 9.5, 9.5])
        offset = middle - rows_and_columns @ middle
        pixels = image.numpy().astype(float)
        assert_close(
            result, scipy.ndimage.affine_transform(pixels, rows_and_columns, offset, order=1)
        )


def test_bending_moves_pixels_about_as_far_as_said_and_not_all_alike():
    ramp = (
        (torch.arange(24.0) * 10).expand(64, 1, 24, 24).byte()
    )  # a pixel to the right is ten levels
    bent = (
        replace(STILL, elastic=1.5)(ramp, INDICES, KEY).float()[..., 4:-4, 4:-4]
        - ramp[..., 4:-4, 4:-4]
    )
    assert 5 < bent.abs().max() <= 15 * 1.2  # bicubic interpolation may overshoot its points
    assert (
        bent.flatten(1).std(dim=1).min() > 0.5
    )  # one image moves otherwise in one place than in another


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(64)), batch_size=st.integers(1, 64))
def test_any_batching_deforms_the_images_alike(order, batch_size):
    augment, order = AffineElastic(), torch.tensor(order)
    batches = [augment(SQUARE[batch], INDICES[batch], KEY) for batch in order.split(batch_size)]
    assert torch.equal(torch.cat(batches), augment(SQUARE, INDICES, KEY)[order])


def test_another_epoch_deforms_the_images_otherwise():
    assert not torch.equal(
        AffineElastic()(SQUARE, INDICES, KEY), AffineElastic()(SQUARE, INDICES, KEY + 1)
    )


def test_deformed_images_keep_shape_and_type_and_leave_the_store_alone():
    before = SQUARE.clone()
    result = AffineElastic()(SQUARE, INDICES, KEY)
    assert (result.shape, result.dtype) == (SQUARE.shape, torch.uint8)
    assert torch.equal(SQUARE, before)
