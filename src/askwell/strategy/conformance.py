"""What every strategy must do, tried out: the kit behind `askwell conform` and
tests/test_strategy.py.

A check takes a strategy and raises `ContractError` with what it did wrong, or `NotMeantError` where
the check is not for its kind.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from askwell.randomness import generator
from askwell.strategy import Strategy
from askwell.strategy.candidates import NONE, Candidates, fault_in
from askwell.strategy.look import Look

IMAGES, CLASSES, SIZE, BATCH = 40, 5, 13, 7
"""The pool of most checks, how many labels they ask for, and how many images the network is given
at a time.
"""


class ContractError(Exception):
    """What a strategy did against its contract."""


class NotMeantError(Exception):
    """Why a check does not apply to a strategy."""


class Verdict(NamedTuple):
    """What a check found. `passed` is None where the check is not for this kind of strategy;
    `words` say why.
    """

    check: str
    passed: bool | None
    words: str = ""


class Watched(Candidates):
    """Candidates that remember what was looked for and is not there, such as labels."""

    def __getattr__(self, name: str) -> object:
        if not name.startswith("_"):
            self.__dict__.setdefault("looked_for", []).append(name)
        raise AttributeError(name)


def some_logits(images: int = IMAGES, classes: int = CLASSES, seed: int = 0) -> Tensor:
    """Logits [N, C] of a network that is sure of some images and not of others, all different."""
    return 3 * torch.randn(images, classes, generator=generator("logits", seed))


def candidates(
    network: Callable[[Tensor], Tensor], indices: Tensor, labelled: Tensor = NONE
) -> Watched:
    """The images at `indices` [N]; `network` answers a batch of indices [B] with logits [B, C], its
    features too.
    """

    def looks(asked: Tensor, draws: int) -> Iterator[tuple[Tensor, Look]]:
        for batch in torch.arange(len(asked)).split(BATCH):
            logits = network(asked[batch])
            yield batch, Look(logits if draws == 1 else _drawn(logits, draws), logits)

    return Watched(indices, looks, labelled)


def _drawn(logits: Tensor, draws: int) -> Tensor:
    """K opinions [B, K, C] that differ more the less the network is sure: each sees the logits in
    another scale.
    """
    scales = torch.linspace(0.5, 1.5, draws)
    turned = [
        logits.roll(number % 2, dims=1) * 0.1 + logits * scale
        for number, scale in enumerate(scales)
    ]
    return torch.stack(turned, dim=1)


def ask(
    strategy: Strategy, logits: Tensor, size: int, seed: int = 0, indices: Tensor | None = None
) -> list[int]:
    """The positions that `strategy` answers with. Raises ContractError unless they are distinct, in
    range and `size`.

    There may be fewer where fewer images have finite logits.
    """
    images = candidates(
        logits.__getitem__, torch.arange(len(logits)) if indices is None else indices
    )
    query = strategy(images, size, generator("query", seed))
    if fault := fault_in(query, size, len(images)):
        raise ContractError(fault)
    answer = torch.as_tensor(query.positions).tolist()
    if len(answer) < min(size, int(logits.isfinite().all(dim=1).sum())):
        raise ContractError(f"asked for {size} of {len(images)} images, it gave {len(answer)}")
    return answer


# the checks


def as_many_as_asked_for(strategy: Strategy) -> None:
    for size in (2, SIZE, IMAGES - 1):
        ask(strategy, some_logits(), size)


def a_single_label(strategy: Strategy) -> None:
    ask(strategy, some_logits(), 1)
    ask(strategy, some_logits(images=1), 1)


def the_whole_pool(strategy: Strategy) -> None:
    ask(strategy, some_logits(), IMAGES)


def same_generator_same_answer(strategy: Strategy) -> None:
    if ask(strategy, some_logits(), SIZE) != ask(strategy, some_logits(), SIZE):
        raise ContractError(
            "equal generators gave two answers: draw from the generator that is passed in"
        )


def no_other_randomness(strategy: Strategy) -> None:
    torch.manual_seed(1)
    first = ask(strategy, some_logits(), SIZE)
    torch.manual_seed(2)
    if ask(strategy, some_logits(), SIZE) != first:
        raise ContractError(
            "torch.manual_seed changes the answer: draw from the generator that is passed in"
        )


def the_order_of_the_candidates(strategy: Strategy) -> None:
    """Where nothing is random, a shuffled pool leads to the same images."""
    if _draws(strategy):
        raise NotMeantError("its choice is random")
    shuffled = torch.randperm(IMAGES, generator=generator("order"))
    images = shuffled[ask(strategy, some_logits(), SIZE, indices=shuffled)]
    if set(images.tolist()) != set(ask(strategy, some_logits(), SIZE)):
        raise ContractError(
            "the same images in another order led to another choice, though no scores were tied"
        )


def tied_scores(strategy: Strategy) -> None:
    ask(strategy, torch.zeros(IMAGES, CLASSES), SIZE)


def scores_that_are_not_finite(strategy: Strategy) -> None:
    if not _runs_the_network(strategy):
        raise NotMeantError("it does not look at the images")
    for value in (torch.nan, torch.inf):
        logits = some_logits()
        logits[::4] = value
        if spoilt := [position for position in ask(strategy, logits, IMAGES) if position % 4 == 0]:
            raise ContractError(
                f"it asked for images {spoilt}, of which the network says {value}: leave these out"
            )


def a_network_that_diverged(strategy: Strategy) -> None:
    """Not one number is finite: any answer will do, an exception will not."""
    ask(strategy, torch.full((IMAGES, CLASSES), torch.nan), SIZE)


def no_label_is_read(strategy: Strategy) -> None:
    images = candidates(some_logits().__getitem__, torch.arange(IMAGES))
    strategy(images, SIZE, generator("query"))
    if looked_for := images.__dict__.get("looked_for"):
        raise ContractError(f"it looked for candidates.{looked_for[0]}: there is no such thing")


def candidates_untouched(strategy: Strategy) -> None:
    images = candidates(some_logits().__getitem__, torch.arange(IMAGES))
    strategy(images, SIZE, generator("query"))
    if images.indices.tolist() != list(range(IMAGES)):
        raise ContractError("it changed candidates.indices")


def network_untouched(strategy: Strategy) -> None:
    """A real network behind the candidates has the same mode, weights and batch-norm statistics
    afterwards.
    """
    layers = nn.Linear(CLASSES, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, CLASSES)
    network, pixels = nn.Sequential(*layers).eval(), some_logits()
    before = [value.clone() for value in network.state_dict().values()]
    strategy(
        candidates(lambda batch: network(pixels[batch]), torch.arange(IMAGES)),
        SIZE,
        generator("query"),
    )
    if not all(map(torch.equal, before, network.state_dict().values())):
        raise ContractError("it changed the weights or the batch-norm statistics of the network")
    if any(module.training for module in network.modules()):
        raise ContractError("it left the network in training mode")


CHECKS: dict[str, Callable[[Strategy], None]] = {
    check.__name__.replace("_", " "): check
    for check in (
        as_many_as_asked_for,
        a_single_label,
        the_whole_pool,
        same_generator_same_answer,
        no_other_randomness,
        the_order_of_the_candidates,
        tied_scores,
        scores_that_are_not_finite,
        a_network_that_diverged,
        no_label_is_read,
        candidates_untouched,
        network_untouched,
    )
}


def verdicts(strategy: Strategy, names: Sequence[str] = tuple(CHECKS)) -> list[Verdict]:
    """What each check says of `strategy`; an exception in it is a failure of the check, not of the
    kit.
    """
    return [_verdict(strategy, name) for name in names]


def _verdict(strategy: Strategy, name: str) -> Verdict:
    try:
        CHECKS[name](strategy)
    except NotMeantError as reason:
        return Verdict(name, None, str(reason))
    except ContractError as fault:
        return Verdict(name, False, str(fault))
    except Exception as error:  # whatever a foreign strategy raises is what the check found
        return Verdict(name, False, f"{type(error).__name__}: {error}")
    return Verdict(name, True)


def _draws(strategy: Strategy) -> bool:
    """Whether what is chosen depends on the generator."""
    return len({frozenset(ask(strategy, some_logits(), SIZE, seed)) for seed in range(5)}) > 1


def _runs_the_network(strategy: Strategy) -> bool:
    runs: list[Tensor] = []

    def network(batch: Tensor) -> Tensor:
        runs.append(batch)
        return some_logits()[batch]

    strategy(candidates(network, torch.arange(IMAGES)), SIZE, generator("query"))
    return bool(runs)
