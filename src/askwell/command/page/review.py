"""Answers that deserve a second look, as the page shows them."""

from collections.abc import Sequence
from typing import Any

from askwell.command.page.answering import REVIEW
from askwell.command.page.asking import Asking
from askwell.command.page.sharing import Place
from askwell.opinions import Opinions, word_of


def review_of(askings: Sequence[Asking], places: dict[str, list[Place]]) -> list[dict[str, Any]]:
    """What the runs listed and nobody has looked at again since, each image once; with the answer
    as it is now, why it is listed, what the network thinks, and the nearest labelled images.

    Enters into `places` where the images are that nobody was asked about.
    """
    found: dict[str, dict[str, Any]] = {}
    for asking in askings:
        for row in asking.review:
            event = asking.answers.get(row["index"])
            if row["index"] in asking.images and event is None:
                continue  # it was taken back, or is asked about again
            for image in (row, *row["neighbours"]):
                places.setdefault(image["image"], [(asking, image["index"])])
            if event is not None and event.get("mode") == REVIEW:
                continue
            found.setdefault(row["image"], _shown(asking, row))
    return list(found.values())


def _shown(asking: Asking, row: dict[str, Any]) -> dict[str, Any]:
    event = asking.answers.get(row["index"], {})
    said = asking.consensus.images.get(row["index"], Opinions())
    return {
        "id": row["image"],
        "answer": _word(asking, row),
        "by": event.get("by"),
        "sole": said.decision is None and len(said.given) == 1,
        "decided": said.decision is not None,
        "guesses": row["guesses"],
        "why": row["why"],
        "neighbours": [
            {"id": one["image"], "answer": _word(asking, one)} for one in row["neighbours"]
        ],
    }


def _word(asking: Asking, row: dict[str, Any]) -> str:
    event = asking.answers.get(row["index"])
    return row["answer"] if event is None else word_of(event)
