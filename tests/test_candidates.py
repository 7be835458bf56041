"""Candidates: the network runs when it is needed, and several processes see what one would."""

from contextlib import suppress

import pytest
import torch

from askwell.acquisition import entropy, least_confidence
from askwell.candidates import Candidates

LOGITS = torch.randn(100, 5, generator=torch.Generator().manual_seed(0))


def forward(indices, rank=0, world_size=1, batch_size=8):
    """The share of one process: every `world_size`-th batch."""
    positions = torch.arange(len(indices)).split(batch_size)[rank::world_size]
    return ((batch, LOGITS[indices[batch]]) for batch in positions)


def never(indices):
    raise AssertionError("the network was run")


def on_every_process(view, world_size):
    """`view` of the candidates of each process: all first send their shares, then each gets all of them."""
    shares = []

    def send(share):
        shares.append(share)
        raise InterruptedError

    def seen(rank, gather):
        return view(Candidates(torch.arange(100), lambda indices: forward(indices, rank, world_size), gather))

    for rank in range(world_size):
        with suppress(InterruptedError):
            seen(rank, send)
    return [seen(rank, lambda share: shares) for rank in range(world_size)]


def test_their_number_and_indices_are_known_without_the_network():
    candidates = Candidates(torch.tensor([3, 8]), never)
    assert (len(candidates), candidates.indices.tolist()) == (2, [3, 8])


def test_probabilities_stand_in_the_order_of_the_candidates():
    indices = torch.tensor([5, 70, 2])
    torch.testing.assert_close(Candidates(indices, forward).probs, torch.softmax(LOGITS[indices], 1))


def test_probabilities_are_computed_once():
    passes = []
    candidates = Candidates(torch.arange(10), lambda indices: passes.append(1) or forward(indices))
    assert candidates.probs is candidates.probs
    assert len(passes) == 1


def test_the_top_are_the_highest_scores_of_all():
    positions, scores = Candidates(torch.arange(100), forward).top(entropy, 7)
    highest = entropy(LOGITS.softmax(1)).sort(descending=True)
    assert positions.tolist() == highest.indices[:7].tolist()
    torch.testing.assert_close(scores, highest.values[:7])


def test_positions_are_places_among_the_candidates():
    indices = torch.arange(50, 100)
    position = Candidates(indices, forward).top(least_confidence, 1).positions.item()
    assert indices[position] == 50 + LOGITS[50:].softmax(1).amax(1).argmin()


@pytest.mark.parametrize("world_size", [2, 3, 20])  # of 20, seven have nothing to do
@pytest.mark.parametrize("acquisition", [entropy, lambda probs: torch.zeros(len(probs))], ids=["distinct", "tied"])
def test_every_process_finds_the_top_that_one_alone_finds(world_size, acquisition):
    alone = Candidates(torch.arange(100), forward).top(acquisition, 30)
    together = on_every_process(lambda candidates: candidates.top(acquisition, 30), world_size)
    assert [torch.equal(found.positions, alone.positions) for found in together] == [True] * world_size
    assert [torch.equal(found.scores, alone.scores) for found in together] == [True] * world_size


@pytest.mark.parametrize("world_size", [2, 3, 20])
def test_every_process_sees_the_probabilities_of_all(world_size):
    together = on_every_process(lambda candidates: candidates.probs, world_size)
    assert [torch.equal(probs, LOGITS.softmax(1)) for probs in together] == [True] * world_size
