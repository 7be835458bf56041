"""Which images each person is given: different ones, except those that two are asked about."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from askwell.errors import UserError

QUEUED = 40
"""Images that a page is given at a time."""
LEASED = 90.0
"""Seconds without an answer after which somebody's images are given to others."""

OVERLAP = 0.1
"""The share of images that two people are asked about, where several label."""


def overlap_of(share: float | None, people: Sequence[str]) -> float:
    """The share that two of `people` are asked about. Raises UserError for one that cannot be."""
    if share is not None and not 0 <= share <= 1:
        raise UserError(f"--overlap {share:g}: expected a share from 0 to 1, such as 0.1")
    if share and len(people) < 2:
        raise UserError(
            f"--overlap {share:g} asks two people about an image: name them by --people ada,bob"
        )
    return (OVERLAP if share is None else share) if len(people) > 1 else 0.0


@dataclass
class Held:
    """What somebody was given and has not answered yet, in order; and until when it is theirs."""

    images: list[str] = field(default_factory=list)
    until: float = 0.0


class Handout:
    """Deals images to people, who come and go.

    >>> handout = Handout()
    >>> handout.give("ann", {"x": 1, "y": 2, "z": 1}, lambda image, who: True, now=0)
    ['x', 'y', 'z']
    >>> handout.give("bob", {"x": 1, "y": 2, "z": 1}, lambda image, who: True, now=1)
    ['y', 'z']
    """

    def __init__(self) -> None:
        self.held: dict[str, Held] = {}

    def give(
        self,
        person: str,
        lacking: Mapping[str, int],
        may_answer: Callable[[str, str], bool],
        now: float,
    ) -> list[str]:
        """The next images for `person`, of those that are `lacking` so many opinions, in order.

        Where several are at work, each holds an equal share of what is left at most: somebody who
        has just come takes over the ends of the others' lists.
        """
        mine = self.held.setdefault(person, Held())
        others = [held for who, held in self.held.items() if who != person and held.until > now]
        share = QUEUED
        if others:
            share = min(-(-sum(lacking.values()) // (len(others) + 1)), QUEUED)
        for held in others:
            held.images = [one for one in held.images if one in lacking][:share]
        taken = Counter(one for held in others for one in held.images)
        free = (one for one in lacking if taken[one] < lacking[one] and may_answer(one, person))
        given = list(islice(free, share))
        if given and not mine.images:
            mine.until = now + LEASED
        mine.images = given
        return given

    def answered(self, person: str, image: str, now: float) -> None:
        """Notes that `person` is at work, and holds the image no more."""
        mine = self.held.setdefault(person, Held())
        mine.until = now + LEASED
        mine.images = [one for one in mine.images if one != image]
