"""An oracle whose answers are given in the browser, on the page of `askwell label`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from torch import Tensor

from askwell.opinions import AGAIN, Consensus, Event, standing
from askwell.oracle.answers import Answers
from askwell.oracle.events import (
    CORRECTED,
    LABEL,
    answered_again,
    corrected,
    current,
    settled,
    settling,
    trains_now,
)
from askwell.oracle.people import People


class Page(People):
    """Takes the answers that the page has written into answers.jsonl, however many there are.

    A query that was settled before, by a process that was killed, is settled by the same answers
    again, whatever people have said since.
    """

    ahead: ClassVar[int] = 2  # half of what is listed is answered while the network trains
    then: Event | None = None  # what settled the last question before, if anything did

    def __call__(self, indices: Tensor) -> Answers:
        asked, events = indices.tolist(), self.log.read()
        self.then = settling(events, asked)
        if self.then is not None:
            then = settled(events, asked) or {}
            return Answers(self.labels(asked, then), settled=True)
        # A class that was added on the page is not one of this run.
        known = {index: word for index, word in current(events).items() if self.means(word)}
        self.take_banked(asked, known)
        labels = self.labels(asked, known)
        return Answers(labels, settled=trains_now(events) and bool((labels >= 0).any()))

    def again(self, indices: Tensor, times: Tensor) -> Answers:
        """The answers that people gave since they are asked about these images again, after the
        first question of the same query.
        """
        asked, former = indices.tolist(), self.said
        if self.then is not None:
            words = {int(index): word for index, word in self.then.get("again", {}).items()}
            labels = self.labels(asked, words)
            self.said |= former
            return Answers(labels, settled=True)
        events = self.log.read()
        open_ones = answered_again(events)
        self.log.add([self._asks(index) for index in asked if index not in open_ones])
        words = {one: word for one, word in open_ones.items() if word and self.means(word)}
        labels = self.labels(asked, words)
        self.said |= former
        return Answers(labels)  # second opinions alone are no query: "train now" waits for a label

    def _asks(self, index: int) -> Event:
        event = self.event(index, AGAIN)
        return {name: event[name] for name in event if name != "answer"} | {"kind": AGAIN}

    def corrected(self, labels: Mapping[int, int], round: int) -> dict[int, int]:
        """The labels that people have given since in the place of `labels`, for `round` on."""
        events = self.log.read()
        taken = corrected(events, round)
        if taken is None:
            taken = self._corrections(events, labels)
            if taken:
                words = {str(index): word for index, word in taken.items()}
                self.log.add([{"kind": CORRECTED, "round": round, "labels": words}])
        self.keep(taken, list(taken))
        found = {index: self._label(word) for index, word in taken.items()}
        return {one: label for one, label in found.items() if label != labels[one]}

    def _corrections(self, events: list[Event], labels: Mapping[int, int]) -> dict[int, str]:
        """The answers that differ from `labels`. Of images that came with a label, those alone that
        somebody looked at again.
        """
        mine = {index for event in events for index in event.get("indices", ())}
        mine |= {event["index"] for event in events if event.get("mode") == "review"}
        answers, again = Consensus.of(standing(events)).answers, answered_again(events)
        since = {one: answers[one] for one in labels if one in answers and one not in again}
        return {
            one: event["answer"]
            for one, event in since.items()
            if one in mine
            and event["kind"] == LABEL
            and event["answer"] in self.subject.classes
            and self._label(event["answer"]) != labels[one]
        }

    def settled(
        self, indices: Tensor, round: int, relabelled: Mapping[int, int] = MappingProxyType({})
    ) -> None:
        """Notes what the query for `round` was settled by, and keeps the answers for other runs."""
        super().settled(indices, round, relabelled)
        classes = self.subject.classes
        words = self.said | {index: classes[label] for index, label in relabelled.items()}
        self.keep(words, [*indices.tolist(), *relabelled])
