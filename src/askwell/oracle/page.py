"""An oracle whose answers are given in the browser, on the page of `askwell label`."""

from typing import ClassVar

from torch import Tensor

from askwell.oracle.answers import Answers
from askwell.oracle.events import current, settled, trains_now
from askwell.oracle.people import People


class Page(People):
    """Takes the answers that the page has written into answers.jsonl, however many there are.

    A query that was settled before, by a process that was killed, is settled by the same answers
    again, whatever people have said since.
    """

    ahead: ClassVar[int] = 2  # half of what is listed is answered while the network trains

    def __call__(self, indices: Tensor) -> Answers:
        asked, events = indices.tolist(), self.log.read()
        then = settled(events, asked)
        if then is not None:
            return Answers(self.labels(asked, then), settled=True)
        # A class that was added on the page is not one of this run.
        known = {index: word for index, word in current(events).items() if self.means(word)}
        self.take_banked(asked, known)
        labels = self.labels(asked, known)
        return Answers(labels, settled=trains_now(events) and bool((labels >= 0).any()))

    def settled(self, indices: Tensor, round: int) -> None:
        """Notes what the query for `round` was settled by, and keeps the answers for other runs."""
        super().settled(indices, round)
        self.keep(self.said, indices.tolist())
