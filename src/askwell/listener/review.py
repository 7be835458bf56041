"""review.json: answers that deserve a second look, for the page's view Review."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from askwell.files import write_whole
from askwell.listener.asked import guesses_of, write_pictures
from askwell.loop.doubt import doubts
from askwell.loop.listener import RunView
from askwell.loop.out_of_sample import out_of_sample
from askwell.opinions import Consensus, Event, standing
from askwell.oracle.answers import CANNOT_TELL, word_of
from askwell.oracle.page import Page
from askwell.run.question import REVIEW

DOUBTED, FAST, UNTOLD = "doubted", "fast", "cannot tell"
"""Why an answer is listed: the network doubts it, it was given in a hurry, or there is none."""
MOST = 40
"""Answers listed for one reason at most."""
NEAREST = 3
HURRY = 0.5
"""A share of the median time of an annotator; answers in less are listed."""


@dataclass(frozen=True)
class Seen:
    """The images whose answers are looked at: L labelled ones, then those nobody could tell."""

    indices: Tensor  # int64 [N]
    features: Tensor  # float32 [N, D]
    labels: Tensor  # int64 [L]
    probs: Tensor  # float64 [N, C], by what was not trained on the image's answer


def write_review(folder: Path, run: RunView) -> None:
    """Writes review.json and the pictures that it needs, where answers are given on a page.

    The evaluation sample is left out: to correct only what the network doubts there would raise its
    measured accuracy.
    """
    oracle = run.labelling.oracle
    if not isinstance(oracle, Page) or len(run.pool.usable) < 2:
        return
    seen = _seen(run)
    answers = Consensus.of(standing(oracle.log.read())).answers
    # What somebody looked at again is not listed again.
    checked = {index for index, event in answers.items() if event.get("mode") == "review"}
    reasons = {
        index: why
        for index, why in reasons_of(seen, answers).items()
        if index in seen.indices.tolist() and index not in checked
    }
    rows = [_row(run, oracle, seen, index, why) for index, why in reasons.items()]
    shown = [*reasons, *(near["index"] for row in rows for near in row["neighbours"])]
    write_pictures(folder, run, shown)
    write_whole(folder / REVIEW, json.dumps({"images": rows}).encode())


def reasons_of(seen: Seen, answers: dict[int, Event]) -> dict[int, dict[str, Any]]:
    """Why each listed image is, by index: doubted ones first, the most doubtful first."""
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    indices, labelled = seen.indices.tolist(), len(seen.labels)
    doubted = doubts(seen.probs[:labelled], seen.labels)
    for place in doubted.places[:MOST].tolist():
        found[indices[place]][DOUBTED] = True
    hurried = hurries({index: answers[index] for index in indices if index in answers})
    for index, (took, usual) in list(hurried.items())[:MOST]:
        found[index][FAST] = [took, usual]
    for index in indices[labelled:][:MOST]:
        found[index][UNTOLD] = True
    return dict(found)


def hurries(answers: dict[int, Event]) -> dict[int, tuple[float, float]]:
    """The answers given in less than half the median time of who gave them: the seconds of both,
    the most hurried first.

    >>> said = {index: {"by": "ann", "seconds": index} for index in (1, 4, 5, 6)}
    >>> hurries(said)
    {1: (1, 4.5)}
    """
    times: dict[Any, list[float]] = defaultdict(list)
    for event in answers.values():
        if "seconds" in event:
            times[event.get("by")].append(event["seconds"])
    usual = {who: median(some) for who, some in times.items()}
    timed = {index: event for index, event in answers.items() if "seconds" in event}
    found = {index: (one["seconds"], usual[one.get("by")]) for index, one in timed.items()}
    fast = {index: pair for index, pair in found.items() if pair[0] < HURRY * pair[1]}
    return dict(sorted(fast.items(), key=lambda one: one[1][0] / one[1][1]))


def nearest(features: Tensor, place: int, among: int) -> list[int]:
    """The places of the nearest of the first `among` images of features [N, D], the nearest first,
    without the image itself.
    """
    distances = torch.cdist(features[place : place + 1].double(), features[:among].double())[0]
    order = distances.argsort(stable=True).tolist()
    return [other for other in order if other != place][:NEAREST]


def _seen(run: RunView) -> Seen:
    pool, empty = run.pool, torch.empty(0, len(run.classes), dtype=torch.float64)
    labelled = pool.usable.sort().values
    dropped = [index for index, one in pool.dropped.items() if one.kind == CANNOT_TELL]
    untold = torch.tensor(sorted(set(dropped) - set(pool.broken)), dtype=torch.int64)
    indices, labels = torch.cat([labelled, untold]), pool.labels(labelled.tolist())
    features = run.labelling.unbiased(indices)
    apart = (features[: len(labels)], labels, labelled, len(run.classes), run.labelling.seed)
    untrained = run.sight.look(untold).logits.double().softmax(dim=1) if len(untold) else empty
    return Seen(indices, features, labels, torch.cat([out_of_sample(*apart), untrained]))


def _row(run: RunView, oracle: Page, seen: Seen, index: int, why: dict[str, Any]) -> dict[str, Any]:
    place = seen.indices.tolist().index(index)
    answer = int(seen.labels[place]) if place < len(seen.labels) else CANNOT_TELL
    near = seen.indices[nearest(seen.features, place, len(seen.labels))].tolist()
    return {
        **_named(run, oracle, index, answer),
        "guesses": guesses_of(seen.probs[place : place + 1], run.classes)[0],
        "why": why,
        "neighbours": [
            _named(run, oracle, one, label)
            for one, label in zip(near, run.pool.labels(near).tolist(), strict=True)
        ],
    }


def _named(run: RunView, oracle: Page, index: int, label: int) -> dict[str, Any]:
    return {
        "index": index,
        "image": oracle.subject.fingerprint_of(index),
        "name": None if run.names is None else run.names[index],
        "answer": word_of(label, tuple(run.classes)),
    }
