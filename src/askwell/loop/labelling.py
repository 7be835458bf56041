"""Buying labels: the strategy chooses, the oracle answers, now or later, and the pool remembers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor

from askwell.errors import UserError
from askwell.loop.agreement import digest_of
from askwell.loop.pending import Pending, Ranked, Settled, ranked_of
from askwell.loop.relabelling import Doubtful, Relabelling, enter
from askwell.oracle.answers import UNANSWERED, Answers, Oracle, answers_of
from askwell.pool import Pool
from askwell.processes import ALONE, Processes, odd_one
from askwell.randomness import generator
from askwell.strategy import RandomSampling, Strategy
from askwell.strategy.candidates import Candidates, Looks, Rows, fault_in

Found = TypeVar("Found")


@dataclass
class Labelling:
    """Buys labels for `pool`, the same ones on all processes.

    `choose` decides what is asked and keeps it as `pending`; `settle` takes answers in. Where
    `rescore_every` is above 1, `ranked` has what ranked next and is not asked yet.
    """

    strategy: Strategy
    oracle: Oracle
    pool: Pool
    seed: int
    rescore_every: int = 1
    candidates: int | None = None  # how many random ones of the pool a strategy sees, or all
    initial: Strategy = field(default_factory=RandomSampling)
    rows: Rows | None = None  # of an encoder, for strategies that compare images
    ahead: int = 1  # how many times the labels that are wanted a query asks about
    relabelling: Relabelling | None = None
    processes: Processes = ALONE
    untaught: Rows | None = None  # features that no label has shaped, where there is no encoder
    ranked: Ranked = field(default_factory=list)
    pending: Pending | None = None
    rest: Ranked = field(default_factory=list)  # not answered when the last query settled
    open: list[int] = field(default_factory=list)  # images of `pending` without an answer
    first: list[int] = field(default_factory=list)  # images asked about for round 0, in order
    evaluated: dict[int, int] = field(default_factory=dict)  # answers about evaluation images

    @property
    def lacks_evaluation(self) -> bool:
        """Whether there are evaluation images that nobody has been asked about."""
        return bool(self.pool.held) and not self.evaluated

    def choose_first(self, size: int, looks: Looks) -> None:
        """Queries the `size` images that the initial strategy wants most.

        Includes all held images that nobody was asked about. Raises UserError where no image is
        left.
        """
        if size and not self.pool.left:
            raise UserError(f"no image is left to ask about, and {len(self.pool)} have a label")
        ranked = self._rank(self.initial, size * self.ahead, "initial", looks) if size else []
        self.pending = Pending(ranked, 0, size, self.pool.held if self.lacks_evaluation else [])

    def choose(self, size: int, round: int, looks: Looks) -> None:
        """Queries the `size` images that the strategy wants most at the end of `round`.

        What the query before left open is asked about too, last: people may have answered it since.
        Raises UserError for an answer that breaks the strategy's contract or differs between
        processes.
        """
        again = self._doubtful(size)
        new = size - len(again)
        if not self.ranked:
            wanted = new * self.rescore_every * self.ahead
            self.ranked = self._rank(self.strategy, wanted, round, looks)
        listed = new * self.ahead
        chosen, self.ranked = self.ranked[:listed], self.ranked[listed:]
        ranked_now = {index for index, _ in [*chosen, *self.ranked]}
        former = [one for one in self.rest if one[0] not in ranked_now]
        self.pending = Pending(chosen, round + 1, size, [], former, again)

    def settle(self) -> Settled | None:
        """Takes in the answers to what is pending; None while people have not answered enough.

        Answered images enter the pool in the order of the list; the rest are candidates again.
        """
        if self.pending is None:
            raise ValueError("nothing was asked")
        asked = self.pending
        said, repeated = self._answers(asked)
        words = dict(zip(asked.images, said.labels.tolist(), strict=True))
        second = dict(zip(asked.labelled, repeated, strict=True))
        self.open = [one for one, label in {**second, **words}.items() if label == UNANSWERED]
        labels = sum(words[index] >= 0 for index, _ in asked.training)
        labels += sum(label >= 0 for label in repeated)
        waits_for_evaluation = any(words[index] == UNANSWERED for index in asked.evaluation)
        if self.open and (waits_for_evaluation or not (said.settled or labels >= asked.size)):
            return None
        self.pending = None
        left = [one for one in asked.training if words[one[0]] == UNANSWERED]
        self.rest = left[: asked.size * self.ahead]
        if asked.round == 0:
            self.first += [index for index, _ in asked.ranked]
        self.evaluated |= {index: words[index] for index in asked.evaluation}
        self._correct(asked)
        enter(self.pool, asked.again, repeated, asked.round)
        self._note_settled(asked, words, second)
        return self._enter(asked, words)

    def _enter(self, asked: Pending, words: dict[int, int]) -> Settled:
        bought = [(index, score) for index, score in asked.training if words[index] >= 0]
        gone = [index for index, _ in asked.training if UNANSWERED < words[index] < 0]
        indices = torch.tensor([index for index, _ in bought], dtype=torch.int64)
        scores = [score for _, score in bought if score is not None]
        settled = Settled(
            indices,
            torch.tensor([words[index] for index, _ in bought], dtype=torch.int64),
            torch.tensor(scores) if len(scores) == len(bought) and bought else None,
        )
        known = None if settled.scores is None else settled.scores.tolist()
        self.pool.label(indices.tolist(), settled.labels.tolist(), asked.round, known)
        self.pool.drop(gone, [words[index] for index in gone], asked.round)
        return settled

    def _rank(self, strategy: Strategy, size: int, round: int | str, looks: Looks) -> Ranked:
        candidates = self._seen(size, round, looks)
        size = min(size, len(candidates))
        query = strategy(candidates, size, self._generator("query", round))
        fault = fault_in(query, size, len(candidates))
        positions = torch.as_tensor(query.positions)
        chosen = [] if fault else candidates.indices[positions].tolist()
        when = "first" if round == "initial" else f"at the end of round {round}"
        if other := odd_one(self.processes.gather(digest_of([fault, *chosen]))):
            differs = f"process {other} chose other images than process 0 {when}"
            raise UserError(
                f"{differs}: "
                "a strategy must decide only by the candidates and the generator it is given"
            )
        if fault:
            raise UserError(f"strategy {_named(strategy)}: {fault}")
        if not chosen:
            raise UserError(
                f"no score of round {round} is finite, the network diverged: "
                "lower model.optimizer.lr"
            )
        scores = [None] * len(chosen) if query.scores is None else query.scores.tolist()
        return list(zip(chosen, scores, strict=True))

    def _seen(self, size: int, round: int | str, looks: Looks) -> Candidates:
        """What the strategy sees: all candidates, or a random part that is enough for a query."""
        labelled = self.pool.labelled.sort().values
        parts = (looks, labelled, self.processes, self.rows)
        candidates = Candidates(self.pool.unlabelled, *parts)
        if self.candidates is None or round == "initial":
            return candidates
        return candidates.sample(max(self.candidates, size), self._generator("candidates", round))

    def _generator(self, purpose: str, round: int | str) -> torch.Generator:
        if round == "initial":
            return generator("initial", self.seed)
        return generator(purpose, self.seed, round)

    def _correct(self, asked: Pending) -> None:
        """Takes in what people have corrected since the query before."""
        ask: Callable[..., dict[int, int]] | None = getattr(self.oracle, "corrected", None)
        if ask is None:
            return
        again = set(asked.labelled)
        known = [one for one in self.pool.labelled.tolist() if one not in again]
        labels = dict(zip(known, self.pool.labels(known).tolist(), strict=True))
        for index, label in self._from_first(partial(ask, labels, asked.round)).items():
            self.pool.repeat(index, label, label, asked.round, asked=False)

    def _doubtful(self, size: int) -> Doubtful:
        """The labelled images that a query of `size` asks about again."""
        if self.relabelling is None:
            return []
        most = getattr(self.oracle, "askings", None)
        usable = self.pool.usable.sort().values.tolist()
        able = [one for one in usable if most is None or self.pool.asked(one) < most]
        size = self.relabelling.size(size)
        if size < 1 or len(able) < 2:
            return []
        labelled = torch.tensor(able)
        choose = self.relabelling.choose
        return self._from_first(lambda: choose(self.pool, labelled, self.unbiased(labelled), size))

    def unbiased(self, indices: Tensor) -> Tensor:
        """Features [N, D] of images that tell whether a label fits: a network that was trained on a
        wrong label has features that fit it.
        """
        rows = self.rows or self.untaught
        if rows is None:
            raise ValueError("nothing sees the images")
        return rows(indices)

    def _answers(self, asked: Pending) -> tuple[Answers, list[int]]:
        """The answers about images that have no label, and about those that have one."""

        def answers() -> tuple[Answers, list[int]]:
            images = torch.tensor(asked.images, dtype=torch.int64)
            said = answers_of(self.oracle(images), len(images))
            if not asked.again:
                return said, []
            times = torch.tensor([self.pool.asked(index) for index in asked.labelled])
            repeat: Any = self.oracle
            again = answers_of(repeat.again(torch.tensor(asked.labelled), times), len(times))
            return said._replace(settled=said.settled or again.settled), again.labels.tolist()

        return self._from_first(answers)

    def _from_first(self, find: Callable[[], Found]) -> Found:
        """What the first process finds; the others get it from there."""
        told = [find()] if self.processes.is_first else []
        (found,) = (one for share in self.processes.gather(told) for one in share)
        return found

    def _note_settled(self, asked: Pending, words: dict[int, int], again: dict[int, int]) -> None:
        note: Callable[..., None] | None = getattr(self.oracle, "settled", None)
        if note is None or not self.processes.is_first:
            return
        answered = [index for index in asked.images if words[index] != UNANSWERED]
        indices = torch.tensor(answered, dtype=torch.int64)
        repeated = [index for index, label in again.items() if label != UNANSWERED]
        if repeated:
            labels = dict(zip(repeated, self.pool.labels(repeated).tolist(), strict=True))
            note(indices, asked.round, labels)
        else:
            note(indices, asked.round)

    def state_dict(self) -> dict[str, Any]:
        """Plain values, so that a checkpoint loads with `weights_only=True`."""
        pending = None if self.pending is None else list(self.pending)
        evaluated = [list(answer) for answer in self.evaluated.items()]
        return {
            "ranked": self.ranked,
            "rest": self.rest,
            "pending": pending,
            "first": list(self.first),
            "evaluated": evaluated,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes the state of a checkpoint, or of one from before queries could wait."""
        if state.get("pending") is not None:
            self.pending = Pending.of(state["pending"])
        self.ranked, self.rest = ranked_of(state["ranked"]), ranked_of(state.get("rest", []))
        of_first = [index for index, one in self.pool.purchases.items() if one.round == 0]
        self.first = list(state.get("first", of_first))
        self.evaluated = dict(state.get("evaluated", []))


def _named(strategy: Strategy) -> str:
    return getattr(strategy, "__name__", type(strategy).__name__)
