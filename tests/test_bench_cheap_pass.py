"""The bounds of a cheap pass are bounds: of norms, of scores, and of every layer's error."""

import json
from itertools import product
from pathlib import Path

import pytest
import torch
from bench.ceilings import CEILINGS, apart
from bench.cheap_pass import page_table
from bench.cheap_study import SCORES, off, open_images
from bench.cheaper import BFloat, Bytes, CheapNetwork, Float, Half, Layers, layers_of
from bench.error_bounds import Change, Dropped, LastLayers, SecondBlock
from bench.publishing import RESULTS
from bench.steepness import convolution_norm, steepness
from torch.nn.functional import conv2d

from askwell.model import Classifier
from askwell.model.cnn import ConvolutionalNetwork
from askwell.randomness import generator
from askwell.scoring.frozen import FrozenNetwork

PIXELS = torch.randint(256, (64, 1, 28, 28), dtype=torch.uint8, generator=generator("pixels"))
EXACT = 3e-5
"""How far a ceiling without error may be above the score: what it allows for rounding."""


def classifier(seed: int = 0) -> Classifier:
    torch.manual_seed(seed)
    network = ConvolutionalNetwork(1, 28, 10, blocks=2, width=64, hidden=128)
    made = Classifier(network, torch.optim.Adam, channels=1)
    made.standardise.fit(torch.tensor([0.4]), torch.tensor([0.3]))
    made.network.train()
    made.network(PIXELS)  # statistics of the norms
    return made


def logits(count: int = 300) -> torch.Tensor:
    return 4 * torch.randn(count, 10, generator=generator("logits"))


@pytest.mark.parametrize("side", [4, 7])
def test_the_norm_of_a_convolution_is_at_least_that_of_its_matrix_and_near_it(side: int) -> None:
    weight = torch.randn(5, 3, 3, 3, generator=generator("weight"), dtype=torch.float64)
    ones = torch.eye(3 * side**2, dtype=torch.float64).view(-1, 3, side, side)
    matrix = conv2d(ones, weight, padding=1).flatten(1)
    exact = float(torch.linalg.matrix_norm(matrix, ord=2))
    assert exact <= convolution_norm(weight, side) < 1.5 * exact


@pytest.mark.parametrize("side", [4, 7])
def test_no_image_grows_by_more_than_the_steepness(side: int) -> None:
    dice = generator("weight")
    weight = torch.randn(9, 6, 3, 3, generator=dice) + 2 * torch.rand(9, 6, 1, 1, generator=dice)
    images = torch.randn(50, 6, side, side, generator=dice)
    images[25:] = images[25:].abs()  # along the steep direction
    grown = conv2d(images, weight, padding=1).flatten(1).norm(dim=1)
    bound = steepness(weight, side)(images)
    assert (grown <= bound).all()
    assert (
        bound[:25].mean()
        < convolution_norm(weight, side) * images[:25].flatten(1).norm(dim=1).mean()
    )


@pytest.mark.parametrize("name", SCORES)
def test_without_an_error_a_ceiling_is_the_score(name: str) -> None:
    scores = SCORES[name](logits().softmax(dim=1)).double()
    ceilings = CEILINGS[name](apart(logits()), torch.zeros(300, 10))
    assert (ceilings >= scores).all()
    assert (ceilings - scores).max() < EXACT


@pytest.mark.parametrize(("name", "reach"), [*product(SCORES, [0.01, 0.5, 5, 200])])
def test_no_score_within_the_error_is_above_its_ceiling(name: str, reach: float) -> None:
    known, dice = logits(), generator("errors", name)
    errors = reach * torch.rand(300, 10, generator=dice)
    errors.scatter_(1, known.argmax(dim=1, keepdim=True), 0)
    ceilings = CEILINGS[name](apart(known), errors)
    for corner in (0.0, 0.5, 1.0):
        signs = torch.where(torch.rand(300, 10, generator=dice) < corner, 1, -1)
        sizes = torch.rand(300, 10, generator=dice).round() if corner != 0.5 else 1.0
        real = known.double() + signs * sizes * errors * (1 - 1e-6)
        assert (SCORES[name](real.softmax(dim=1)) <= ceilings).all()


@torch.inference_mode()
def real_and_bound(kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    frozen = FrozenNetwork(classifier().network)
    layers = layers_of(frozen)
    now, mixed = layers, layers
    whole = CheapNetwork(frozen, layers, Float(layers.second))
    given = whole.given(whole.standardise(PIXELS))
    means, kept = whole.second(given).features.mean(dim=0, keepdim=True), torch.arange(32)
    if kind == "change":
        moved = classifier()
        for weight in moved.parameters():
            weight.add_(0.001 * torch.randn(weight.shape, generator=generator("moved")))
        now = layers_of(FrozenNetwork(moved.network))
        mixed = Layers(layers.first, layers.second, now.hidden, now.last)
        frozen_now = FrozenNetwork(moved.network)
    second = {
        "bf16": lambda: BFloat(layers.second),
        "int8": lambda: Bytes(layers.second, float(given.max()) * 0.9),
        "half": lambda: Half(layers.second, means, kept),
    }.get(kind, lambda: Float(layers.second))()
    errors = {
        "half": Dropped(layers.second, kept, means, 14),
        "change": Change(layers, now, 14),
    }.get(kind) or SecondBlock(layers.second, getattr(second, "known", None), 14)
    seen = CheapNetwork(frozen, mixed, second).whole(PIXELS)
    exact = (frozen_now if kind == "change" else frozen)(PIXELS).logits
    known = seen.size, errors.error(seen), seen.hidden, seen.logits
    bound = LastLayers(now.hidden, now.last).fine(*known)
    return off(seen.logits, exact), bound


@pytest.mark.parametrize("kind", ["float32", "bf16", "int8", "half", "change"])
def test_no_error_of_a_cheap_pass_is_above_its_bound(kind: str) -> None:
    real, bound = real_and_bound(kind)
    assert (real <= bound).all()
    assert real.max() > 0


@pytest.mark.parametrize("name", SCORES)
def test_images_left_open_contain_the_query(name: str) -> None:
    exact = logits()
    cheap = exact + 0.1 * torch.rand(300, 10, generator=generator("cheap"))
    left = open_images(name, cheap, off(cheap, exact).float() * 1.01, exact, size=20)
    assert 40 <= len(left) < 300


def test_a_bound_that_is_none_is_found_out() -> None:
    exact = logits()
    cheap = exact + torch.rand(300, 10, generator=generator("cheap"))
    with pytest.raises(ValueError, match="the bound is wrong"):
        open_images("lc", cheap, torch.zeros(300, 10), exact, size=20)


def test_the_page_has_the_published_table() -> None:
    rows = json.loads((RESULTS / "cheap_pass.json").read_text())["rows"]
    assert page_table(rows) in Path(__file__).parents[1].joinpath("BENCHMARKS.md").read_text()
