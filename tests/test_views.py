"""Random views: a function of image and key, with each part doing what it is named for."""

import pytest
import torch

from askwell.batches.views import RandomView
from askwell.randomness import generator

STILL = {"degrees": 0, "shear": 0, "scale": 0, "shift": 0, "elastic": 0}
INDICES = torch.arange(64)
PIXELS = torch.randint(1, 256, (64, 1, 20, 20), generator=generator("pixels")).byte()


def test_a_view_does_not_depend_on_the_batch():
    view, order = RandomView(flip=True, light=0.5), torch.randperm(64, generator=generator("o"))
    together = view(PIXELS, INDICES, 3)
    assert torch.equal(view(PIXELS[order], INDICES[order], 3), together[order])
    assert not torch.equal(view(PIXELS, INDICES, 4), together)


def test_without_any_part_a_view_is_the_image():
    assert torch.equal(RandomView(**STILL, cover=0)(PIXELS, INDICES, 0), PIXELS)


def test_about_half_of_the_images_are_mirrored():
    viewed = RandomView(**STILL, cover=0, flip=True)(PIXELS, INDICES, 0)
    mirrored = (viewed == PIXELS.flip(3)).flatten(1).all(dim=1)
    untouched = (viewed == PIXELS).flatten(1).all(dim=1)
    assert bool((mirrored ^ untouched).all())
    assert 16 < int(mirrored.sum()) < 48


def test_the_cover_is_a_black_square_and_smaller_only_at_the_edge():
    viewed = RandomView(**STILL, cover=0.5)(PIXELS, INDICES, 0)
    hidden = viewed == 0
    assert torch.equal(viewed[~hidden], PIXELS[~hidden])
    heights, widths = (hidden.any(dim=axis).sum(dim=-1).flatten() for axis in (3, 2))
    assert torch.equal(hidden.sum(dim=(1, 2, 3)), heights * widths)
    assert (heights.max(), widths.max()) == (10, 10)
    assert bool((heights >= 4).all())


@pytest.mark.parametrize("value", [0, 255])
def test_light_leaves_black_black_and_makes_nothing_brighter_than_white(value):
    flat = torch.full_like(PIXELS, value)
    lit = RandomView(**STILL, cover=0, light=0.4)(flat, INDICES, 0)
    assert int(lit.min()) >= value * 0.6 - 1
    assert int(lit.max()) <= value


def test_light_bends_the_middle_both_ways():
    grey = torch.full_like(PIXELS, 100)
    lit = RandomView(**STILL, cover=0, light=0.4)(grey, INDICES, 0)
    assert int(lit.min()) < 80
    assert int(lit.max()) > 105
    assert bool((lit == lit[:, :, :1, :1]).all())
