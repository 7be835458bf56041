"""Opinions of several people on the same images, and the answer that they agree on: each defined
once.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

PEOPLE, AGAIN = "people", "again"
"""The kinds of the events that say who labels from now on, and which share is asked of two; and
that an image is asked about again, as if nothing had been said of it.
"""
TAKEN_BACK = ("undo", "later")

Event = dict[str, Any]


def word_of(event: Event) -> str:
    """An answer as people write it: a class, or why there is none."""
    return str(event["answer"] if event["kind"] == "label" else event["kind"])


def is_doubled(image: str, overlap: float) -> bool:
    """Whether an image is of the share `overlap` that two people are asked about, by the
    fingerprint of its pixels: the same images in every run, order and place.

    >>> is_doubled("000000007fffffff", 0.5), is_doubled("0000000080000000", 0.5)
    (True, False)
    """
    return int(image[8:16], 16) < overlap * 2**32


def standing(events: Iterable[Event], key: str = "index") -> list[Event]:
    """The events as if no image, told apart by the field `key`, were asked about again: its former
    answers stand until there is another one, also where that is put off or taken back.

    >>> said, again = {"index": 3, "kind": "label", "answer": "cat"}, {"index": 3, "kind": AGAIN}
    >>> standing([said, again, {"index": 3, "kind": "later"}]) == [said]
    True
    """
    kept: list[Event | None] = []
    since: dict[Any, dict[Any, list[int]]] = {}  # places of answers since, by image and person
    for event in events:
        image, who = event.get(key), event.get("by")
        if event["kind"] == AGAIN:
            since[image] = {}
        elif image in since and event["kind"] in TAKEN_BACK:
            for place in since[image].pop(who, ()):
                kept[place] = None
        else:
            if image in since:
                since[image].setdefault(who, []).append(len(kept))
            kept.append(event)
        for one in event.get("again", ()) if key == "index" else ():
            since.pop(int(one), None)  # what was said again is settled
    return [event for event in kept if event is not None]


@dataclass
class Opinions:
    """What was said of one image: the last answer of each person, in the order in which they gave
    their first, and a decision, which counts more than all of them.
    """

    given: dict[str, Event] = field(default_factory=dict)
    decision: Event | None = None
    wanted: int = 1  # how many opinions were to be had when the first came

    def answer(self, people: int) -> Event | None:
        """The answer; None while opinions of `people` are wanted, and for a tie."""
        return self.decision if self.lacks(people) else self.counted

    @property
    def counted(self) -> Event | None:
        """The decision, else the last opinion of the majority; None for a tie."""
        if self.decision is not None or len(self.given) < 2:
            return self.decision or next(iter(self.given.values()), None)
        said = Counter(map(word_of, self.given.values())).most_common(2)
        if len(said) > 1 and said[0][1] == said[1][1]:
            return None
        return [event for event in self.given.values() if word_of(event) == said[0][0]][-1]

    def lacks(self, people: int) -> int:
        """How many opinions are wanted before they are counted."""
        return max(min(self.wanted, people) - len(self.given), 0)

    @property
    def agreed(self) -> str:
        """How the answer of several came about: `2 of 3`, or `decided`; empty for that of one."""
        if self.decision is not None:
            return "decided" if self.given else ""
        if len(self.given) < 2:
            return ""
        _, most = Counter(map(word_of, self.given.values())).most_common(1)[0]
        return f"{most} of {len(self.given)}"

    def take_back(self, who: str | None, is_alone: bool) -> None:
        """Forgets what `who` said last; of nobody, or somebody alone, whatever the answer is."""
        if who is None:
            self.given.clear()
        if self.decision is not None and (is_alone or who in (None, self.decision.get("by"))):
            self.decision = None
        elif who is not None:
            self.given.pop(who, None)


class Consensus:
    """The answers to images, event by event: a pure function of the events of answers.jsonl.

    Where several people label, each has an opinion on an image. The answer is the majority's, once
    as many as are wanted have one. Some events are the answer by themselves: one that `decides`,
    one without a person (another run's answer), one of somebody who labels alone, and the label
    that a run derived after asking again. The field `key` of an event identifies its image.

    >>> consensus = Consensus.of([
    ...     {"kind": "people", "people": ["ann", "bob"], "overlap": 1.0},
    ...     {"index": 3, "image": 16 * "0", "kind": "label", "answer": "cat", "by": "ann"},
    ...     {"index": 3, "image": 16 * "0", "kind": "label", "answer": "dog", "by": "bob"},
    ... ])
    >>> consensus.answer(3), consensus.is_tie(3)
    (None, True)
    >>> decision = {"kind": "label", "answer": "dog", "by": "ann", "decides": True}
    >>> consensus.enter({"index": 3, **decision})
    >>> word_of(consensus.answer(3)), consensus.is_tie(3)
    ('dog', False)
    """

    def __init__(self, key: str = "index") -> None:
        self.key = key
        self.people: tuple[str, ...] = ()
        self.overlap = 0.0
        self.images: dict[Any, Opinions] = {}

    @classmethod
    def of(cls, events: Iterable[Event], key: str = "index") -> "Consensus":
        """That of these events, the oldest first."""
        consensus = cls(key)
        for event in events:
            consensus.enter(event)
        return consensus

    @property
    def is_of_one(self) -> bool:
        """Whether nobody else labels than one person."""
        return len(self.people) < 2

    def enter(self, event: Event) -> None:
        """Takes the next event into account."""
        if event["kind"] == PEOPLE:
            self.people, self.overlap = tuple(event["people"]), event["overlap"]
        for index, word in event.get("relabelled", {}).items() if self.key == "index" else ():
            one = self.images.setdefault(int(index), Opinions())
            decided = {"kind": "label", "answer": word, "decides": True}
            one.decision = {**(one.counted or {}), **decided}
        if self.key not in event:
            return
        if event["kind"] == AGAIN:
            self.images[event[self.key]] = Opinions()
            return
        one, who = self.images.setdefault(event[self.key], Opinions()), event.get("by")
        if event["kind"] in TAKEN_BACK:
            one.take_back(who, self.is_of_one)
        elif who is None or self.is_of_one or event.get("decides"):
            one.decision = event
        else:
            if not one.given:
                one.wanted = self.wanted(event["image"])
            one.given[who] = event

    def wanted(self, image: str) -> int:
        """How many people are to be asked about an image, by its fingerprint."""
        return 1 if self.is_of_one or not is_doubled(image, self.overlap) else 2

    def answer(self, key: Any) -> Event | None:
        """The event that answers an image; None where none does yet."""
        one = self.images.get(key)
        return None if one is None else one.answer(max(len(self.people), 1))

    @property
    def answers(self) -> dict[Any, Event]:
        """The event that answers each image that is answered."""
        found = ((key, self.answer(key)) for key in self.images)
        return {key: event for key, event in found if event is not None}

    def lacks(self, key: Any, image: str) -> int:
        """How many people are still to be asked about an image; at least one until it is answered:
        a tie needs a third opinion.
        """
        if self.answer(key) is not None:
            return 0
        one = self.images.get(key)
        if one is None or not one.given:
            return self.wanted(image)
        return max(one.lacks(len(self.people)), 1)

    def is_tie(self, key: Any) -> bool:
        """Whether as many people as are wanted have an opinion, and no majority."""
        one = self.images.get(key)
        return one is not None and len(one.given) > 1 and self.answer(key) is None

    def has_opinion(self, person: str, key: Any) -> bool:
        """Whether somebody has an opinion on an image."""
        one = self.images.get(key)
        return one is not None and person in one.given

    def is_told(self, person: str, key: Any) -> bool:
        """Whether the page shows somebody the answers of others when they look at an image again:
        what they then say is not an independent opinion.
        """
        one = self.images.get(key)
        return one is not None and (one.decision is not None or bool(one.given.keys() - {person}))
