"""DropQuery on images of which it is known how often their label changes."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from strategy_pools import asked, normal, pool

from askwell.errors import UserError
from askwell.strategy.drop_query import DropQuery, unstable

GROUPS = torch.arange(600) % 6


def changing(changes, features=None):
    """A pool of images of class 0 that so many [N] of three draws take for class 1."""
    changes = torch.as_tensor(changes)
    plain = torch.tensor([1.0, 0]).repeat(len(changes), 1)
    drawn = plain.unsqueeze(1).repeat(1, 3, 1)
    turned = torch.arange(3) < changes[:, None]
    drawn[turned] = torch.tensor([0.0, 1])
    features = normal(len(changes), 4) if features is None else features
    return pool(features, plain, drawn=drawn)


def test_images_that_change_in_most_draws_are_enough_where_there_are_25_for_each():
    changes = torch.tensor([2, 3, 1, 0]).repeat(60)
    answer = asked(DropQuery(), changing(changes), 4)
    assert {int(changes[index]) for index in answer} <= {2, 3}


def test_those_that_change_less_often_fill_up_to_25_for_each():
    changes = torch.tensor([3] * 20 + [1] * 60 + [0] * 100)
    assert unstable(changes, torch.arange(180), 75, 2).tolist() == list(range(80))


@pytest.mark.parametrize("seed", range(5))
def test_one_image_of_each_group_is_asked_for(seed):
    features = torch.eye(8)[GROUPS] + 0.05 * normal(600, 8)
    changes = torch.where(GROUPS < 3, 2, 0)
    answer = asked(DropQuery(), changing(changes, features), 3, seed)
    assert sorted(GROUPS[answer].tolist()) == [0, 1, 2]


def test_the_image_nearest_to_the_centre_stands_for_its_group():
    features = torch.nn.functional.normalize(torch.eye(8)[GROUPS] + 0.05 * normal(600, 8), dim=1)
    theirs = KMeans(6, n_init=10, random_state=0).fit(features.double().numpy())
    nearest = theirs.transform(features.double().numpy()).argmin(axis=0)
    answer = asked(DropQuery(), changing([2] * 600, features), 6)
    assert sorted(answer) == sorted(nearest)


def test_those_that_change_most_come_first():
    changes = np.arange(100) % 4
    answer = asked(DropQuery(), changing(changes), 8)
    assert [changes[index] for index in answer] == sorted(changes[answer], reverse=True)


def test_more_can_be_asked_for_than_a_feature_has_numbers():
    """The reference compares the size of a query with the width of the features, and refuses."""
    assert len(set(asked(DropQuery(), changing([2] * 60, normal(60, 3)), 30))) == 30


def test_one_draw_is_refused():
    with pytest.raises(UserError, match=r"strategy\.draws=1: expected at least 2"):
        DropQuery(draws=1)
