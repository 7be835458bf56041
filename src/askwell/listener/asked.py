"""What the page of `askwell label` shows of a query: its images, and what the network thinks of
them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, one_hot

from askwell.embedding.embedded import pictures_of
from askwell.loop.listener import RunView
from askwell.oracle.page import Page
from askwell.run.question import write_facts, write_picture

AFAR = 4
"""Pixels per side at which images are compared before there is a network."""
STEPS = 20
GUESSES = 5
"""How many classes are suggested for an image, the likeliest first."""


def write_asked(folder: Path, run: RunView) -> None:
    """Writes asked.json and a picture of each image, where answers are given on a page."""
    pending, oracle = run.labelling.pending, run.labelling.oracle
    if pending is None or not isinstance(oracle, Page):
        return
    again = set(pending.labelled)
    images = [*pending.labelled, *pending.images]
    guesses = _guesses(run, images) if pending.round else [[] for _ in images]
    clusters = [None] * len(images) if pending.round else _clusters(run, images)
    scores = dict(pending.training)
    rows = [
        {
            "index": index,
            "name": None if run.names is None else run.names[index],
            "image": oracle.subject.fingerprint_of(index),
            "score": scores.get(index),
            # A second opinion is asked for: the network has learned the first.
            "guesses": [] if index in again else guess,
            "cluster": cluster,
            **({"times": run.pool.asked(index)} if index in again else {}),
        }
        for index, guess, cluster in zip(images, guesses, clusters, strict=True)
    ]
    write_pictures(folder, run, images)
    facts = {
        "round": pending.round,
        "size": pending.size,
        "first": len(pending.ranked),
        "evaluation": pending.evaluation,
        "classes": list(run.classes),
        "left": run.pool.left,
        "images": rows,
    }
    write_facts(folder, facts)


def _guesses(run: RunView, images: Sequence[int]) -> list[list[list[Any]]]:
    """The likeliest classes of each image, with their probabilities."""
    return guesses_of(run.sight.look(torch.tensor(images)).logits.softmax(dim=1), run.classes)


def guesses_of(probabilities: Tensor, classes: Sequence[str]) -> list[list[list[Any]]]:
    """The likeliest classes by probabilities [N, C], with these."""
    best = probabilities.topk(min(GUESSES, probabilities.shape[1]))
    return [
        [[classes[place], round(share, 4)] for place, share in zip(*row, strict=True)]
        for row in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]


def _clusters(run: RunView, images: Sequence[int]) -> list[int | None]:
    """The cluster of each image by what it looks like from afar, where no network knows better; or
    by its row, where an encoder made one.

    The k-means of Lloyd (1982), from images that are evenly spread in the list.
    """
    inputs = run.sight.images.fetch(torch.tensor(images).numpy()).cpu().float()
    seen = inputs if inputs.ndim == 2 else adaptive_avg_pool2d(inputs, AFAR).flatten(1)  # [N, D]
    count = min(len(run.classes), len(images))
    centres = seen[torch.linspace(0, len(images) - 1, count).long()]
    for _ in range(STEPS):
        nearest = torch.cdist(seen, centres).argmin(dim=1)
        members = one_hot(nearest, count).float()  # [N, K]
        sums, sizes = members.T @ seen, members.sum(dim=0).unsqueeze(1)
        centres = torch.where(sizes > 0, sums / sizes.clamp(min=1), centres)
    return list(torch.cdist(seen, centres).argmin(dim=1).tolist())


def write_pictures(folder: Path, run: RunView, images: Sequence[int]) -> None:
    """The decoded images, for the page where there is no file that it can show."""
    pictures = pictures_of(run.sight.images)
    for index in images:
        pixels = pictures.fetch(torch.tensor([index]).numpy())[0]
        write_picture(folder, index, pixels.permute(1, 2, 0).cpu().numpy())
