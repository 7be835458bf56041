"""Everything that one page asks, of one run or of several: an image that several ask about is
asked once.
"""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from threading import RLock
from typing import Any

from askwell.command.page.answering import Refusal, Said, events_of, fault_of
from askwell.command.page.asking import Asking
from askwell.command.page.handout import Handout
from askwell.command.page.pictures import picture
from askwell.command.page.review import review_of
from askwell.command.page.sharing import Place, lacking, may_answer, note_people, take_over
from askwell.command.page.tally import history_of, people_of, progress_of
from askwell.errors import UserError
from askwell.opinions import Event

HIDDEN = 0.2
"""The share of images whose suggestion is not shown, to tell agreement from habit."""


class Session:
    """The images that `askings` ask about, by an id that names their pixels and no place.

    An id belongs to the images of all runs whose pixels are the same. All methods may be called
    from several threads.
    """

    def __init__(
        self,
        askings: Sequence[Asking],
        people: Sequence[str],
        overlap: float = 0.0,
        blind: bool = False,
    ) -> None:
        self.askings, self.people, self.blind = list(askings), list(people), blind
        self.lock = RLock()
        self.places: dict[str, list[Place]] = {}
        self.offered: dict[Asking, set[int]] = {}  # what is asked meanwhile, of runs that train
        self.handout = Handout()
        self.placed: dict[Asking, int] = {}  # how many events of each are in `places`
        self.refresh()
        for asking in self.askings:
            note_people(asking, people, overlap)

    def refresh(self) -> None:
        """Reads what the runs have written. A run's question changes here alone, so that `places`
        knows every image that is asked about.
        """
        with self.lock:
            for asking in self.askings:
                if asking.refresh() or asking not in self.placed:
                    self.offered.pop(asking, None)  # there is another list
                    self._place(asking, list(asking.images.values()))
                start = self.placed.get(asking, 0)
                start = 0 if start > len(asking.events) else start  # another file since
                self._place(asking, [one for one in asking.events[start:] if "image" in one])
                self.placed[asking] = len(asking.events)
            self._share()

    def _place(self, asking: Asking, named: Sequence[Event]) -> None:
        """Enters where the images are that rows or events are about."""
        for name, index in ((one["image"], one["index"]) for one in named):
            places = self.places.setdefault(name, [])
            if (asking, index) not in places:
                places.append((asking, index))

    def _share(self) -> None:
        """Gives every run what another one was told of its images."""
        for asking in self.askings if len(self.askings) > 1 else ():
            for index in asking.open:
                for other, there in self.places.get(asking.images[index]["image"], ()):
                    take_over(asking, index, other, there)

    # What is asked

    @property
    def classes(self) -> list[str]:
        """The classes of all runs, each once, in order."""
        return list(dict.fromkeys(name for asking in self.askings for name in asking.classes))

    def queue(self, person: str, now: float) -> list[dict[str, Any]]:
        """The next images for `person`, in the order of the runs' lists."""
        with self.lock:
            places = self._open()
            wanted = {one: lacking(places[one]) for one in places}
            given = self.handout.give(
                person, wanted, lambda one, who: may_answer(who, places[one]), now
            )
            return [self.item(one) for one in given]

    def _open(self) -> dict[str, list[Place]]:
        """The images to be asked about, in order, and where they are."""
        lists = [
            [(asking.images[index]["image"], (asking, index)) for index in self._offered_of(asking)]
            for asking in self.askings
        ]
        found: dict[str, list[Place]] = {}
        for one, place in (pair for row in zip_longest(*lists) for pair in row if pair):
            found.setdefault(one, []).append(place)
        return found

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
            "times": row.get("times", 0),
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
        self, said: Sequence[Said], person: str, now: float
    ) -> tuple[list[str], list[Refusal]]:
        """Enters answers as the page sends them. Returns the uids of those that are in, whenever
        they were entered, and the refused ones with the reason.
        """
        taken: list[str] = []
        refused: list[Refusal] = []
        events: dict[Asking, list[Event]] = {}
        with self.lock:
            if not all(str(one.get("id")) in self.places for one in said):
                self.review()  # a page that served before may have shown it
            for one in said:
                why = fault_of(one, self.places)
                if why is not None:
                    refused.append(Refusal(str(one.get("uid", "")), why))
                    continue
                for asking, event in events_of(one, person, self.places):
                    events.setdefault(asking, []).append(event)
                taken.append(str(one["uid"]))
                self.handout.answered(person, str(one["id"]), now)
            for asking, new in events.items():
                asking.add(new)
        return taken, refused

    def train_now(self) -> None:
        """Settles pending queries by what is answered. Raises UserError where none can be."""
        with self.lock:
            ready = [asking for asking in self.askings if asking.can_train_now]
            for asking in ready:
                asking.train_now()
        if not ready:
            raise UserError(
                "nothing can be trained on yet: all images of the evaluation sample and at least "
                "one other are to be answered first"
            )

    # What it brings

    def progress(self) -> dict[str, Any]:
        """How far labelling is; see `tally`."""
        with self.lock:
            trainable = any(asking.can_train_now for asking in self.askings)
            facts = {"open": len(self._open()), "people": self.people, "trainable": trainable}
            return {**progress_of(self.askings), **facts, "doubts": len(self.review())}

    def history(self, person: str) -> list[dict[str, Any]]:
        """The last answers, for `person`."""
        with self.lock:
            return history_of(self.askings, person)

    def review(self) -> list[dict[str, Any]]:
        """The answers that deserve a second look."""
        with self.lock:
            return review_of(self.askings, self.places)

    def agreement(self) -> dict[str, Any]:
        """Where people differ, and how far they agree."""
        with self.lock:
            return people_of(self.askings)
