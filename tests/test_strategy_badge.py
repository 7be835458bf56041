"""BADGE against full gradients, with the distances between all of them written out."""

import numpy as np
import pytest
import scipy.stats
import torch
from strategy_pools import asked, normal, pool

from askwell.randomness import generator, gumbel
from askwell.strategy.badge import Badge, error, spread
from askwell.strategy.keyed import fresh_key
from askwell.strategy.look import Look

INDICES = torch.arange(100, 140)


def gradients(errors, features):
    """Outer products [N, C·D], as wide as the last layer."""
    return torch.einsum("nc,nd->ncd", errors, features).flatten(1)


def by_full_gradients(errors, features, indices, size, key):
    full = gradients(errors, features)
    chosen = [int(full.norm(dim=1).argmax())]
    while len(chosen) < size:
        squared = torch.cdist(full, full[chosen]).amin(dim=1).square()
        squared[chosen] = 0
        chosen.append(int((squared.log() + gumbel(indices, key + len(chosen))).argmax()))
    return chosen


def rows(seed, images=40, classes=4, width=6):
    draw = generator("rows", seed)
    errors = torch.randn(images, classes, generator=draw, dtype=torch.float64)
    return errors, torch.randn(images, width, generator=draw, dtype=torch.float64)


@pytest.mark.parametrize("seed", range(10))
def test_it_chooses_what_full_gradients_would(seed):
    errors, features = rows(seed)
    chosen = spread(errors, features, INDICES, 12, key=seed)
    assert chosen.tolist() == by_full_gradients(errors, features, INDICES, 12, key=seed)


def test_rescaled_features_lead_to_the_same_query():
    errors, features = rows(0)
    one, other = (spread(errors, features * scale, INDICES, 12, key=1) for scale in (1, 1024))
    assert one.tolist() == other.tolist()


def test_a_copy_is_chosen_only_when_nothing_else_is_left():
    errors, features = (part.repeat(2, 1)[:60] for part in rows(0))
    chosen = spread(errors, features, torch.arange(60), 40, key=0)
    assert len({position % 40 for position in chosen.tolist()}) == 40


def test_equal_gradients_are_all_chosen_once():
    chosen = spread(torch.ones(9, 3), torch.ones(9, 2), torch.arange(9), 9, key=0)
    assert sorted(chosen.tolist()) == list(range(9))


def test_fewer_images_than_asked_for_are_all_chosen():
    errors, features = rows(0, images=5)
    assert sorted(spread(errors, features, torch.arange(5), 12, key=0).tolist()) == list(range(5))


def test_the_second_image_is_drawn_by_its_squared_distance_from_the_first():
    errors, features = rows(3, images=5)
    first, *_ = spread(errors, features, torch.arange(5), 1, key=0).tolist()
    drawn = [
        spread(errors, features, torch.arange(5), 2, key=97 * key)[1].item() for key in range(2000)
    ]
    full = gradients(errors, features).numpy()
    expected = np.square(full - full[first]).sum(axis=1)
    kept = np.arange(5) != first
    counts = np.bincount(drawn, minlength=5)
    assert (
        scipy.stats.chisquare(counts[kept], 2000 * expected[kept] / expected.sum()).pvalue > 0.001
    )


def test_the_order_of_the_images_does_not_change_which_are_drawn():
    errors, features = rows(4)
    order = torch.randperm(40, generator=generator("order"))
    straight = INDICES[spread(errors, features, INDICES, 12, key=5)]
    shuffled = INDICES[order][spread(errors[order], features[order], INDICES[order], 12, key=5)]
    assert straight.tolist() == shuffled.tolist()


def test_a_copy_is_chosen_last_in_single_precision_too():
    errors, features = (part.float().repeat(3, 1) for part in rows(0, images=20))
    for key in range(20):
        chosen = spread(errors, features, torch.arange(60), 20, key=97 * key)
        assert sorted(position % 20 for position in chosen.tolist()) == list(range(20))


def test_an_image_without_a_gradient_is_no_centre_of_its_own():
    """Others keep one at the origin: the image nearest to it would never be drawn."""
    errors = torch.tensor([[1.0, -1], [0, 0], [1, -1]])
    features = torch.tensor([[3.0], [1], [1]])
    seconds = {
        spread(errors, features, torch.arange(3), 2, 97 * key)[1].item() for key in range(40)
    }
    assert seconds == {1, 2}


def test_it_chooses_by_gradients_of_the_network_whatever_the_embedding():
    draw = normal(30, 6), 2 * normal(30, 4, seed=1)
    candidates = pool(*draw)
    candidates.embeddings = None
    errors = error(Look(draw[1], draw[0]))
    key = fresh_key(generator("query", 0))
    expected = by_full_gradients(errors.double(), draw[0].double(), torch.arange(30), 7, key)
    assert asked(Badge(), candidates, 7) == expected
