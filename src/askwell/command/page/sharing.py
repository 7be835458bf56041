"""What runs and people share: images, the answers to them, and who labels."""

from collections.abc import Sequence

from askwell.command.page.asking import Asking
from askwell.opinions import PEOPLE, word_of

Place = tuple[Asking, int]
"""A run that asks about an image, and the image's index there."""


def note_people(asking: Asking, people: Sequence[str], overlap: float) -> None:
    """Notes in a run who labels from now on, and the share that two are asked about, where that is
    new. Of somebody who labels alone from the start there is nothing to note.
    """
    known = asking.consensus.people, asking.consensus.overlap
    if (len(people) > 1 or known[0]) and known != (tuple(people), overlap):
        asking.add([{"kind": PEOPLE, "people": list(people), "overlap": overlap}])


def take_over(asking: Asking, index: int, other: Asking, there: int) -> None:
    """Enters what another run was told of the same image, and this one was not."""
    one = other.consensus.images.get(there)
    if one is None or other is asking or "times" in asking.images[index]:
        return  # an image that is asked about again wants a fresh answer
    said = [*one.given.values(), *([] if one.decision is None else [one.decision])]
    new = [
        {
            **asking.where(index),
            **{key: event[key] for key in event if key not in ("index", "name")},
        }
        for event in said
        if asking.understands(word_of(event)) and event.get("uid") not in asking.uids
    ]
    if new:
        asking.add(new)


def lacking(places: Sequence[Place]) -> int:
    """How many people are still to be asked about an image."""
    return max(
        asking.consensus.lacks(index, asking.images[index]["image"]) for asking, index in places
    )


def may_answer(person: str, places: Sequence[Place]) -> bool:
    """Whether somebody has said nothing of an image yet, or labels alone."""
    return not all(
        asking.consensus.has_opinion(person, index) and not asking.consensus.is_of_one
        for asking, index in places
    )
