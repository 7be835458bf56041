"""Everything that one page asks, of one run or of several: an image that several ask about is
asked once.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from statistics import median
from threading import RLock
from typing import Any, NamedTuple

from askwell.command.page.asking import Asking
from askwell.command.page.pictures import picture
from askwell.oracle.answers import KINDS
from askwell.oracle.events import LABEL, LATER, UNDO, Event, answer_event
from askwell.text import visible

QUEUED = 40
"""Images that a page is given at a time."""
HIDDEN = 0.2
"""The share of images whose suggestion is not shown, to tell agreement from habit."""
RECENT = 200
LONGEST_ANSWER = 120.0
"""Seconds beyond which somebody was away rather than thinking."""
LEASED = 90.0
"""Seconds for which an image that one person was given is not given to another."""


class Refusal(NamedTuple):
    """Why an answer was not taken."""

    uid: str
    why: str


class Session:
    """The images that `askings` ask about, by an id that names their pixels and no place.

    An id belongs to the images of all runs whose pixels are the same. All methods may be called
    from several threads.
    """

    def __init__(self, askings: Sequence[Asking], blind: bool = False) -> None:
        self.askings, self.blind = list(askings), blind
        self.lock = RLock()
        self.places: dict[str, list[tuple[Asking, int]]] = {}
        self.offered: dict[Asking, set[int]] = {}  # what is asked meanwhile, of runs that train
        self.leases: dict[str, tuple[str, float]] = {}
        self.placed: set[Asking] = set()
        self.refresh()

    def refresh(self) -> None:
        """Reads what the runs have written."""
        with self.lock:
            for asking in self.askings:
                if asking.refresh() or asking not in self.placed:
                    self.offered.pop(asking, None)  # there is another list
                    self._place(asking)
            self._share()

    def _place(self, asking: Asking) -> None:
        named = [(row["image"], index) for index, row in asking.images.items()]
        named += [(event["image"], event["index"]) for event in asking.events if "image" in event]
        self.placed.add(asking)
        for name, index in named:
            places = self.places.setdefault(name, [])
            if (asking, index) not in places:
                places.append((asking, index))

    def _share(self) -> None:
        """Gives every run the answers that another one got about its images."""
        if len(self.askings) < 2:
            return
        for asking in self.askings:
            for index in asking.open:
                name = asking.images[index]["image"]
                for other, there in self.places.get(name, ()):
                    event = other.answers.get(there)
                    if event is not None and asking.understands(_word(event)):
                        same = {key: event[key] for key in event if key not in ("index", "name")}
                        asking.add([{**self._where(asking, index), **same}])
                        break

    def _where(self, asking: Asking, index: int) -> Event:
        row = asking.images.get(index) or asking.answers.get(index) or {}
        name = row.get("name")
        return {"index": index} | ({} if name is None else {"name": name})

    # What is asked

    @property
    def classes(self) -> list[str]:
        """The classes of all runs, each once, in order."""
        return list(dict.fromkeys(name for asking in self.askings for name in asking.classes))

    def queue(self, person: str, now: float, most: int = QUEUED) -> list[dict[str, Any]]:
        """The next images for `person`, in the order of the runs' lists."""
        with self.lock:
            ids = self._open_ids()
            free = [one for one in ids if self._is_free(one, person, now)][:most]
            self.leases |= dict.fromkeys(free, (person, now + LEASED))
            return [self.item(one) for one in free]

    def _is_free(self, one: str, person: str, now: float) -> bool:
        holder, until = self.leases.get(one, (person, 0.0))
        return holder == person or until < now

    def _open_ids(self) -> list[str]:
        lists = [
            [asking.images[index]["image"] for index in self._offered_of(asking)]
            for asking in self.askings
        ]
        mixed = (one for row in zip_longest(*lists) for one in row if one is not None)
        return list(dict.fromkeys(mixed))

    def _offered_of(self, asking: Asking) -> list[int]:
        among = self.offered.get(asking)
        return [index for index in asking.open if among is None or index in among]

    def offer_meanwhile(self, asking: Asking) -> None:
        """From now on the run trains: what was asked is settled, and the rest of the list is asked
        until there is another one.
        """
        with self.lock:
            first = asking.asked["first"] if asking.asked else 0
            self.offered[asking] = set(asking.open[:first])

    def offer_all(self, asking: Asking) -> None:
        """The run waits again, or has failed."""
        with self.lock:
            self.offered.pop(asking, None)

    def item(self, one: str) -> dict[str, Any]:
        """An image as the page gets it, with the suggestions it may show."""
        asking, index = self.places[one][0]
        for place in self.places[one]:
            if place[1] in place[0].images:
                asking, index = place
        row = asking.images.get(index, {})
        hidden = self.blind or int(one[:8], 16) < HIDDEN * 2**32
        guesses = row.get("guesses") or []
        return {
            "id": one,
            "guesses": [] if hidden else guesses,
            "group": guesses[0][0] if guesses and not hidden else None,
            "cluster": None if guesses else row.get("cluster"),
            "hidden": bool(guesses) and hidden,
            "score": row.get("score"),
        }

    def picture(self, one: str) -> tuple[bytes, str] | None:
        """The image as a browser shows it; None where nothing of it can be read."""
        files: list[Path] = []
        for asking, index in self.places.get(one, ()):
            name = (asking.images.get(index) or asking.answers.get(index) or {}).get("name")
            file = asking.place.file(index, name)
            files += [] if file is None else [file]
        seen = [asking.pictures / f"{index}.png" for asking, index in self.places.get(one, ())]
        return picture([*files, *seen])

    # What is answered

    def answer(
        self, said: Iterable[Mapping[str, Any]], person: str, now: float
    ) -> tuple[list[str], list[Refusal]]:
        """Enters answers as the page sends them. Returns the uids of those that are in, whenever
        they were entered, and the refused ones with the reason.
        """
        taken: list[str] = []
        refused: list[Refusal] = []
        events: dict[Asking, list[Event]] = {}
        with self.lock:
            for one in said:
                uid = str(one.get("uid", ""))
                why = self._fault(one)
                if why is not None:
                    refused.append(Refusal(uid, why))
                    continue
                for asking, event in self._events(one, person):
                    events.setdefault(asking, []).append(event)
                taken.append(uid)
                self.leases.pop(str(one["id"]), None)
            for asking, new in events.items():
                asking.add(new)
        return taken, refused

    def _fault(self, said: Mapping[str, Any]) -> str | None:
        uid, one, kind = said.get("uid"), said.get("id"), said.get("kind")
        if not isinstance(uid, str) or not 0 < len(uid) <= 64:
            return "it has no uid"
        if not isinstance(one, str) or one not in self.places:
            return "no image with this id was asked about"
        if kind not in (LABEL, UNDO, LATER, *KINDS):
            return f"{visible(str(kind))[:40]} is no kind of answer"
        if not any(self._understood(asking, said) for asking, _ in self.places[one]):
            return f"there is no class {visible(str(said.get('answer')))[:80]}"
        return None

    def _understood(self, asking: Asking, said: Mapping[str, Any]) -> bool:
        return said["kind"] != LABEL or said.get("answer") in asking.classes

    def _events(self, said: Mapping[str, Any], person: str) -> Iterable[tuple[Asking, Event]]:
        facts = _facts(said, person)
        for asking, index in self.places[str(said["id"])]:
            if not self._understood(asking, said):
                continue
            where = self._where(asking, index)
            word = said["answer"] if said["kind"] == LABEL else said["kind"]
            event = answer_event(index, said["id"], where.get("name"), str(word))
            if said["kind"] in (UNDO, LATER):
                event = {**where, "image": said["id"], "kind": said["kind"]}
            yield asking, event | facts

    # What it brings

    def progress(self) -> dict[str, Any]:
        """Answers, seconds for each, what is lacking, and the accuracy of each run by labels."""
        with self.lock:
            given = [event for asking in self.askings for event in asking.answers.values()]
            seconds = [event["seconds"] for event in given[-RECENT:] if "seconds" in event]
            labels = {event["image"] for event in given if event["kind"] == LABEL}
            return {
                "labels": len(labels),
                "answers": len({event["image"] for event in given}),
                "seconds": median(seconds) if seconds else None,
                "lacking": sum(asking.lacking for asking in self.askings),
                "open": len(self._open_ids()),
                "runs": [_of_run(asking) for asking in self.askings],
                "counts": _counts(event for event in given if event["kind"] == LABEL),
            }

    def history(self, most: int = 60) -> list[dict[str, Any]]:
        """The last answers, the newest first."""
        with self.lock:
            given: dict[str, Event] = {}
            for asking in self.askings:
                for event in asking.answers.values():
                    given[event["image"]] = event
            newest = sorted(given.values(), key=lambda event: event.get("at", ""))[::-1][:most]
            return [
                {"id": event["image"], "answer": _word(event), "by": event.get("by")}
                for event in newest
                if event["image"] in self.places
            ]


def _facts(said: Mapping[str, Any], person: str) -> Event:
    """What is kept of how an answer was given; what is not as it should be is left out."""
    facts: Event = {"uid": said["uid"], "by": person}
    seconds = said.get("seconds")
    if isinstance(seconds, int | float) and 0 <= seconds <= LONGEST_ANSWER:
        facts["seconds"] = round(float(seconds), 3)
    suggestion = said.get("suggestion")
    if isinstance(suggestion, str):
        facts |= {"suggestion": suggestion[:200], "seen": said.get("seen") is True}
    if said.get("mode") in ("single", "grid", "review"):
        facts["mode"] = said["mode"]
    return facts


def _word(event: Event) -> str:
    return str(event["answer"] if event["kind"] == LABEL else event["kind"])


def _counts(events: Iterable[Event]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for event in events:
        counts[event["answer"]] = counts.get(event["answer"], 0) + 1
    return counts


@lru_cache
def _ahead(curve: tuple[tuple[int, float], ...]) -> list[tuple[int, float, float, float]]:
    """What the next queries would bring a run; asked for at every look at its progress."""
    from askwell.stopping import ahead

    told = ahead([labels for labels, _ in curve], [accuracy for _, accuracy in curve])
    return [tuple(one) for one in told]


def _of_run(asking: Asking) -> dict[str, Any]:
    """A run's curve, as the page draws it."""
    from askwell.scoring.evaluation import interval
    from askwell.stopping import ENOUGH, stops

    sample = asking.run.get("evaluation")
    rounds = []
    for line in asking.rounds:
        low, high = interval(round(line["accuracy"] * sample), sample) if sample else (None, None)
        rounds.append([line["labels"], line["accuracy"], low, high])
    last = asking.rounds[-1] if asking.rounds else {}
    signs = [line.get("steadiness") or {} for line in asking.rounds]
    enough = stops(*([one.get(name) for one in signs] for name in ("uncertainty", "kappa")))
    return {
        "name": asking.folder.name,
        "strategy": asking.run.get("strategy"),
        "status": asking.status,
        "reason": asking.run.get("reason"),
        "sample": sample,
        "rounds": rounds,
        "ahead": _ahead(tuple((labels, accuracy) for labels, accuracy, *_ in rounds)),
        "enough": ENOUGH if enough else "",
        "class_accuracy": last.get("class_accuracy", {}),
        "pool": last.get("pool_size"),
    }
