"""Candidates: the network runs when it is needed, and several processes see what one would."""

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


def distributed(view, world_size):
    """What rank 0 sees: `view` of its candidates, with the shares of the others handed to it."""
    indices, shares = torch.arange(100), []
    for rank in reversed(range(world_size)):
        others = list(shares)
        candidates = Candidates(
            indices,
            lambda indices, rank=rank: forward(indices, rank, world_size),
            lambda share, others=others: shares.append(share) or [share, *others],
        )
        answer = view(candidates)
    return answer


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


@pytest.mark.parametrize("world_size", [2, 3, 20])
def test_several_processes_find_the_same_top(world_size):
    alone = Candidates(torch.arange(100), forward).top(entropy, 30)
    together = distributed(lambda candidates: candidates.top(entropy, 30), world_size)
    assert torch.equal(alone.positions, together.positions)
    assert torch.equal(alone.scores, together.scores)


@pytest.mark.parametrize("world_size", [2, 3, 20])
def test_several_processes_agree_on_tied_scores(world_size):
    def tied(probs):
        return torch.zeros(len(probs))

    assert distributed(lambda candidates: candidates.top(tied, 30).positions.tolist(), world_size) == list(range(30))


@pytest.mark.parametrize("world_size", [2, 3, 20])
def test_several_processes_see_the_same_probabilities(world_size):
    together = distributed(lambda candidates: candidates.probs, world_size)
    assert torch.equal(together, LOGITS.softmax(1))
