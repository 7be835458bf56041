"""Answers as the page sends them: whether they can be taken, and the events that they become."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from askwell.command.page.asking import Asking
from askwell.command.page.sharing import Place
from askwell.opinions import Event
from askwell.oracle.answers import KINDS
from askwell.oracle.events import LABEL, LATER, UNDO, answer_event
from askwell.text import visible

LONGEST_ANSWER = 120.0
"""Seconds beyond which somebody was away rather than thinking."""
REVIEW = "review"
MODES = ("single", "grid", REVIEW)

Said = Mapping[str, Any]
"""An answer as it was sent."""
Places = Mapping[str, list[Place]]
"""Where each image is, by its id."""


class Refusal(NamedTuple):
    """Why an answer was not taken."""

    uid: str
    why: str


def fault_of(said: Said, places: Places) -> str | None:
    """Why an answer cannot be taken; None where it can."""
    uid, one, kind = said.get("uid"), said.get("id"), said.get("kind")
    if not isinstance(uid, str) or not 0 < len(uid) <= 64:
        return "it has no uid"
    if not isinstance(one, str) or one not in places:
        return "no image with this id was asked about"
    if kind not in (LABEL, UNDO, LATER, *KINDS):
        return f"{visible(str(kind))[:40]} is no kind of answer"
    if not any(_is_understood(asking, said) for asking, _ in places[one]):
        return f"there is no class {visible(str(said.get('answer')))[:80]}"
    return None


def events_of(said: Said, person: str, places: Places) -> list[tuple[Asking, Event]]:
    """The event that an answer becomes in each run that understands it. A second opinion that some
    run asks for says nothing to runs that have theirs: it would be a correction there, for free.
    """
    one = str(said["id"])
    understood = [place for place in places[one] if _is_understood(place[0], said)]
    asked = [(asking, index) for asking, index in understood if index in asking.images]
    if said.get("mode") != REVIEW and any("times" in run.images[index] for run, index in asked):
        understood = asked
    return [(asking, _event(said, person, asking, index)) for asking, index in understood]


def _event(said: Said, person: str, asking: Asking, index: int) -> Event:
    where = asking.where(index)
    word = said["answer"] if said["kind"] == LABEL else said["kind"]
    event = answer_event(index, said["id"], where.get("name"), str(word))
    if said["kind"] in (UNDO, LATER):
        return {**where, "image": said["id"], "kind": said["kind"]} | _facts(said, person)
    if said.get("mode") == REVIEW and asking.consensus.is_told(person, index):
        event["decides"] = True
    return event | _facts(said, person)


def _is_understood(asking: Asking, said: Said) -> bool:
    return said["kind"] != LABEL or said.get("answer") in asking.classes


def _facts(said: Said, person: str) -> Event:
    """What is kept of how an answer was given; what is not as it should be is left out."""
    facts: Event = {"uid": said["uid"], "by": person}
    seconds = said.get("seconds")
    if isinstance(seconds, int | float) and 0 <= seconds <= LONGEST_ANSWER:
        facts["seconds"] = round(float(seconds), 3)
    suggestion = said.get("suggestion")
    if isinstance(suggestion, str):
        facts |= {"suggestion": suggestion[:200], "seen": said.get("seen") is True}
    if said.get("mode") in MODES:
        facts["mode"] = said["mode"]
    return facts
