"""Candidates: the network runs when it is needed, and several processes see what one would."""

from contextlib import suppress
from types import SimpleNamespace

import pytest
import torch

from askwell.acquisition import entropy, least_confidence
from askwell.processes import Processes
from askwell.randomness import generator
from askwell.strategy.candidates import Candidates
from askwell.strategy.look import Look, probabilities

LOGITS = torch.randn(100, 5, generator=torch.Generator().manual_seed(0))
FEATURES = torch.arange(200.0).view(100, 2)


def looks(indices, draws=1, rank=0, size=1, batch_size=8):
    """The share of one process: every `size`-th batch."""
    for batch in torch.arange(len(indices)).split(batch_size)[rank::size]:
        logits = LOGITS[indices[batch]]
        drawn = (
            logits
            if draws == 1
            else logits.unsqueeze(1) * torch.arange(1, draws + 1).view(1, -1, 1)
        )
        yield batch, Look(drawn, FEATURES[indices[batch]])


def never(indices, draws):
    raise AssertionError("the network was run")


def of_entropy(look):
    return entropy(probabilities(look))


def of_confidence(look):
    return least_confidence(probabilities(look))


def on_every_process(view, size):
    """`view` of the candidates of each process, which meet where they exchange something."""
    sent: list[dict[int, object]] = []

    def seen(rank):
        meetings = iter(range(1000))

        def meet(share):
            number = next(meetings)
            sent.extend({} for _ in range(number + 1 - len(sent)))
            sent[number][rank] = share
            if len(sent[number]) < size:
                raise InterruptedError
            return [sent[number][other] for other in range(size)]

        processes = SimpleNamespace(
            rank=rank, gather=meet, gather_rows=lambda rows: torch.cat(meet(rows))
        )
        mine = lambda indices, draws: looks(indices, draws, rank, size)  # noqa: E731
        return view(Candidates(torch.arange(100), mine, processes=processes))

    found = {}
    while len(found) < size:
        for rank in range(size):
            with suppress(InterruptedError):
                found[rank] = seen(rank)
    return list(found.values())


def test_their_number_and_indices_are_known_without_the_network():
    candidates = Candidates(torch.tensor([3, 8]), never, labelled=torch.tensor([1]))
    assert (len(candidates), candidates.indices.tolist(), candidates.labelled.tolist()) == (
        2,
        [3, 8],
        [1],
    )


def test_a_view_of_every_image_is_in_the_order_of_the_candidates():
    indices = torch.tensor([5, 70, 2])
    torch.testing.assert_close(
        Candidates(indices, looks).collect(probabilities), torch.softmax(LOGITS[indices], 1)
    )


def test_embeddings_are_the_features():
    assert torch.equal(Candidates(torch.tensor([5, 70]), looks).embeddings(), FEATURES[[5, 70]])


def test_the_labelled_images_can_be_looked_at():
    candidates = Candidates(torch.arange(10, 100), looks, labelled=torch.tensor([7, 3]))
    assert torch.equal(candidates.embeddings(candidates.labelled), FEATURES[[7, 3]])


def test_of_no_images_nothing_is_collected():
    assert len(Candidates(torch.arange(0), looks).collect(probabilities)) == 0


def test_draws_are_an_axis_of_the_logits():
    drawn = Candidates(torch.arange(20), looks).collect(lambda look: look.logits, draws=3)
    torch.testing.assert_close(
        drawn, torch.stack([LOGITS[:20], 2 * LOGITS[:20], 3 * LOGITS[:20]], dim=1)
    )


def test_the_top_are_the_highest_scores_of_all():
    positions, scores = Candidates(torch.arange(100), looks).top(of_entropy, 7)
    highest = entropy(LOGITS.softmax(1)).sort(descending=True)
    assert positions.tolist() == highest.indices[:7].tolist()
    torch.testing.assert_close(scores, highest.values[:7])


def test_positions_are_places_among_the_candidates():
    indices = torch.arange(50, 100)
    position = Candidates(indices, looks).top(of_confidence, 1).positions.item()
    assert indices[position] == 50 + LOGITS[50:].softmax(1).amax(1).argmin()


@pytest.mark.parametrize("size", [2, 3, 20])  # of 20, seven have nothing to do
@pytest.mark.parametrize(
    "score", [of_entropy, lambda look: torch.zeros(len(look.logits))], ids=["distinct", "tied"]
)
def test_every_process_finds_the_top_that_one_alone_finds(size, score):
    alone = Candidates(torch.arange(100), looks).top(score, 30)
    together = on_every_process(lambda candidates: candidates.top(score, 30), size)
    assert len(together) == size
    for found in together:
        assert torch.equal(found.positions, alone.positions)
        assert torch.equal(found.scores, alone.scores)


@pytest.mark.parametrize("size", [2, 3, 20])
def test_every_process_collects_the_rows_of_all(size):
    together = on_every_process(lambda candidates: candidates.collect(probabilities), size)
    assert len(together) == size
    for probs in together:
        assert torch.equal(probs, LOGITS.softmax(1))


def test_a_sample_is_a_part_of_the_candidates_in_their_order():
    sampled = Candidates(torch.arange(50, 100), looks).sample(10, generator("sample"))
    assert len(sampled) == 10
    assert sampled.indices.tolist() == sorted(set(sampled.indices.tolist()) & set(range(50, 100)))
    assert torch.equal(sampled.embeddings(), FEATURES[sampled.indices])


def test_equal_generators_sample_the_same():
    one, other = (
        Candidates(torch.arange(100), looks).sample(10, generator("sample")) for _ in range(2)
    )
    assert torch.equal(one.indices, other.indices)


def test_a_sample_of_as_many_as_there_are_is_all():
    candidates = Candidates(torch.arange(10), looks)
    assert candidates.sample(10, generator("sample")) is candidates


def test_a_single_process_gathers_its_rows_as_they_are():
    assert torch.equal(Processes().gather_rows(FEATURES), FEATURES)
