"""The network of the paper's MNIST run by round, and which images a cheap pass leaves open."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from askwell import acquisition
from askwell.dataset import Images, OpenDataset
from askwell.images.contracts import truth_of
from askwell.model import Classifier
from askwell.randomness import generator
from askwell.scoring.frozen import FrozenNetwork
from askwell.strategy.ranking import best
from bench import bare
from bench.ceilings import CEILINGS, apart
from bench.cheaper import PART, CheapNetwork, Pass

BATCH = 256
"""Images in one forward: today's for images of 28 x 28 pixels on a CPU."""
SCORES = {
    "lc": acquisition.least_confidence,
    "entropy": acquisition.entropy,
    "sm": acquisition.smallest_margin,
    "lm": acquisition.largest_margin,
}


class Way(NamedTuple):
    """A cheap pass, and the theorem on its features [B]."""

    network: CheapNetwork
    error: Callable[[Pass], Tensor]


class Moment(NamedTuple):
    """The end of a round, before its query."""

    state: dict[str, Tensor]
    unlabelled: Tensor  # int64 [N]


class Seen(NamedTuple):
    """A cheap pass over N images."""

    size: Tensor  # the norm of their features, [N]
    error: Tensor  # how far the features can be from today's, [N]
    hidden: Tensor  # [N, H]
    logits: Tensor  # [N, C]

    def at(self, positions: Tensor) -> "Seen":
        return Seen(*(part[positions] for part in self))


def moments(
    opened: OpenDataset, model: Classifier, rounds: int, query_size: int, batch_size: int
) -> Iterator[Moment]:
    """The paper's run by least confidence with seed 0, as in `bench.bare`."""
    train, truth = opened.train, torch.from_numpy(truth_of(opened.train))
    optimizer, frozen = model.configure_optimizers(), FrozenNetwork(model.network)
    labelled = torch.randperm(len(train), generator=generator("initial", 0))[:query_size]
    for round in range(rounds):
        model.train()
        order = torch.randperm(len(labelled), generator=generator("order", 0, round))
        for batch in labelled[order].tensor_split(-(-len(labelled) // batch_size)):
            optimizer.zero_grad()
            cross_entropy(model(train.fetch(batch.numpy())), truth[batch]).backward()
            optimizer.step()
        unlabelled = bare.others(labelled, len(train))
        yield Moment({name: one.clone() for name, one in model.state_dict().items()}, unlabelled)
        if round < rounds - 1:
            frozen.refresh()
            confidence = bare.logits(frozen, train, unlabelled).softmax(dim=1).amax(dim=1)
            chosen = confidence.topk(query_size, largest=False).indices
            labelled = torch.cat([labelled, unlabelled[chosen]])


@torch.inference_mode()
def seen(way: Way, images: Images, indices: Tensor) -> Seen:
    """A cheap pass over the images at `indices`, with the error that a theorem allows."""
    parts = []
    for batch in indices.split(BATCH):
        one = way.network.whole(images.fetch(batch.numpy()))
        split = zip(*(field.split(PART) for field in one), strict=True)
        error = torch.cat([way.error(Pass(*fields)) for fields in split])
        parts.append(Seen(one.size, error, one.hidden, one.logits))
    return Seen(*map(torch.cat, zip(*parts, strict=True)))


def off(cheap: Tensor, exact: Tensor) -> Tensor:
    """How far the differences to the class that is most likely in the cheap pass really are from
    today's, [N, C].
    """
    top = cheap.argmax(dim=1, keepdim=True)
    wide = exact.double()
    return ((wide - wide.gather(1, top)) - apart(cheap)).abs()


def open_images(strategy: str, cheap: Tensor, errors: Tensor, exact: Tensor, size: int) -> Tensor:
    """Positions that today's pass has to score for the query of `size` to be surely the same.

    The best of the cheap pass are scored first. Their `size`-th best score is reached by the query
    too, so that an image whose ceiling is below it cannot be in the query.
    """
    scores = SCORES[strategy](exact.softmax(dim=1))
    ceilings = CEILINGS[strategy](apart(cheap), errors)
    first = SCORES[strategy](cheap.softmax(dim=1)).topk(min(2 * size, len(cheap))).indices
    enough = scores[first].topk(size).values[-1]
    needed = ceilings >= enough
    needed[first] = True
    positions = needed.nonzero().squeeze(1)
    if (ceilings < scores).any():
        raise ValueError(f"{strategy}: a score is above its ceiling, the bound is wrong")
    found = best(positions, scores[positions], size)
    if not torch.equal(found.positions, best(torch.arange(len(scores)), scores, size).positions):
        raise ValueError(f"{strategy}: the query is another one, the bound is wrong")
    return positions
