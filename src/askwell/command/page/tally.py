"""What the answers bring, for the page: how many there are, how fast, how well, and whose."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from heapq import nlargest
from statistics import median
from typing import Any

from askwell.command.page.asking import Asking
from askwell.opinions import Event, Opinions, word_of
from askwell.oracle.events import LABEL

RECENT = 200
"""Answers of which the median time is shown."""
LISTED = 60
"""Answers that can be taken back or given again."""
WORDS = 12
"""Words of a table of confusions at most."""


def progress_of(askings: Sequence[Asking]) -> dict[str, Any]:
    """Answers, seconds for each, what is lacking, and the accuracy of each run by labels."""
    given = [event for asking in askings for event in asking.answers.values()]
    seconds = [event["seconds"] for event in given[-RECENT:] if "seconds" in event]
    labels = [event for event in given if event["kind"] == LABEL]
    return {
        "labels": len({event["image"] for event in labels}),
        "answers": len({event["image"] for event in given}),
        "seconds": median(seconds) if seconds else None,
        "lacking": sum(asking.lacking for asking in askings),
        "runs": [_of_run(asking) for asking in askings],
        "counts": Counter(event["answer"] for event in labels),
        "ties": len(_ties(askings)),
    }


def history_of(askings: Sequence[Asking], person: str) -> list[dict[str, Any]]:
    """The last answers, the newest first: who gave them, how many agreed, and whether `person` can
    take them back; of an image without an answer yet, what `person` said of it.
    """
    given: dict[str, tuple[Event, Opinions]] = {}
    for asking in askings:
        for index, one in asking.consensus.images.items():
            event = asking.answers.get(index) or one.given.get(person)
            if event is not None:
                given[event["image"]] = event, one
    alone = all(asking.consensus.is_of_one for asking in askings)
    newest = nlargest(LISTED, reversed(given.values()), key=lambda said: said[0].get("at", ""))
    return [
        {
            "id": event["image"],
            "answer": word_of(event),
            "by": event.get("by"),
            "mine": alone or person in one.given or event.get("by") == person,
            "agreed": one.agreed,
        }
        for event, one in newest
    ]


def people_of(askings: Sequence[Asking]) -> dict[str, Any]:
    """Images on which people differ, how far they agree, and who takes what for what."""
    from askwell.report.statistics.annotators import annotators
    from askwell.report.statistics.kappa import confusion

    found = annotators(_by_image(askings).values())
    images, agreed, kappa = found.agreement
    return {
        "ties": [{"id": image, "said": _said(one)} for image, one in _ties(askings).items()],
        "measure": found.measure,
        "images": images,
        "agreed": agreed,
        "kappa": kappa,
        "people": [
            {
                "name": who,
                "answers": len(said),
                "right": sum(answer == own for answer, own in said),
                "confusion": confusion(said, WORDS),
            }
            for who, said in found.said.items()
        ],
    }


def _by_image(askings: Sequence[Asking]) -> dict[str, Opinions]:
    """What several people said, by the fingerprint of the image; of equal ones, in the first
    run.
    """
    found: dict[str, Opinions] = {}
    for asking in askings:
        for one in asking.consensus.images.values():
            if len(one.given) > 1:
                found.setdefault(next(iter(one.given.values()))["image"], one)
    return found


def _ties(askings: Sequence[Asking]) -> dict[str, Opinions]:
    return {image: one for image, one in _by_image(askings).items() if one.counted is None}


def _said(one: Opinions) -> list[tuple[str, str]]:
    return [(who, word_of(event)) for who, event in one.given.items()]


def _of_run(asking: Asking) -> dict[str, Any]:
    """A run's curve, as the page draws it."""
    from askwell.scoring.interval import interval

    sample = asking.run.get("evaluation")
    rounds = []
    for line in asking.rounds:
        low, high = interval(round(line["accuracy"] * sample), sample) if sample else (None, None)
        rounds.append([line["labels"], line["accuracy"], low, high])
    last = asking.rounds[-1] if asking.rounds else {}
    return {
        "name": asking.folder.name,
        "strategy": asking.run.get("strategy"),
        "status": asking.status,
        "reason": asking.run.get("reason"),
        "sample": sample,
        "rounds": rounds,
        "ahead": _ahead(tuple((labels, accuracy) for labels, accuracy, *_ in rounds)),
        "enough": _enough([line.get("steadiness") or {} for line in asking.rounds]),
        "class_accuracy": last.get("class_accuracy", {}),
        "pool": last.get("pool_size"),
    }


@lru_cache
def _ahead(curve: tuple[tuple[int, float], ...]) -> Sequence[tuple[int, float, float, float]]:
    """What the next queries would bring a run; kept, since every look at its progress asks."""
    if len(curve) < 2:
        return []
    from askwell.stopping import ahead  # scipy takes a second to import

    told = ahead([labels for labels, _ in curve], [accuracy for _, accuracy in curve])
    return told


def _enough(steady: Sequence[Mapping[str, Any]]) -> str:
    """The advice to stop, where the rounds give it."""
    if not steady:
        return ""
    from askwell.stopping import ENOUGH, stops

    signs = ([one.get(name) for one in steady] for name in ("uncertainty", "kappa"))
    return ENOUGH if stops(*signs) else ""
