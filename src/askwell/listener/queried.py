"""queried.jsonl: small pictures of what each query bought, with answer, prediction and score, for
the report, which is read where the images may not be.
"""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from askwell.embedding.embedded import pictures_of
from askwell.files import write_whole
from askwell.loop.listener import RunView
from askwell.loop.rounds import Preview
from askwell.run.question import picture_of

QUERIED = "queried.jsonl"
SHOWN = 12
"""Images of a query, those that it wanted most."""
SIDE = 48
"""Pixels of a picture's longer side at most."""
EVERY = 24
"""All rounds below it are kept, and of those above only its multiples: 300 KB after 24 rounds, and
twice as much after 600.
"""
QUALITY = 80


def write_queried(folder: Path, run: RunView, round: int, preview: Preview) -> None:
    """Keeps the first images of the query that bought the labels for `round`.

    Whatever is there of this round and later ones is of a process that was killed.
    """
    if round >= EVERY and round % EVERY:
        return
    file = folder / QUERIED
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    kept = [line for line in lines if json.loads(line)["round"] < round]
    line = json.dumps(_sheet(run, round, preview)) + "\n"
    write_whole(file, "".join([*kept, line]).encode())


def first_preview(run: RunView) -> Preview | None:
    """What was asked for round 0, before there was a network; None where nothing was."""
    given = set(run.pool.given)
    first = [
        index for index, one in run.pool.purchases.items() if one.round == 0 and index not in given
    ][:SHOWN]
    if not first:
        return None
    indices = np.array(first)
    pixels = pictures_of(run.sight.images).fetch(indices).cpu().numpy()
    return Preview(indices, run.pool.labels(first).numpy(), None, None, pixels)


def _sheet(run: RunView, round: int, preview: Preview) -> dict[str, Any]:
    """One line: facts of each image, and all images side by side as a JPEG."""
    rows = []
    for place, index in enumerate(preview.indices[:SHOWN].tolist()):
        row = {"index": index, "label": run.classes[preview.labels[place]]}
        if run.names is not None:
            row["image"] = run.names[index]
        if preview.predictions is not None:
            row["predicted"] = run.classes[preview.predictions[place]]
        if preview.scores is not None:
            row["score"] = float(preview.scores[place])
        rows.append(row)
    jpeg = _side_by_side(preview.pixels[:SHOWN])
    return {"round": round, "images": rows, "picture": base64.b64encode(jpeg).decode()}


def _side_by_side(pixels: np.ndarray) -> bytes:
    """Images [P, C, H, W] of at most SIDE pixels each, in one row."""
    height, width = pixels.shape[-2:]
    shrink = min(1.0, SIDE / max(height, width))
    size = max(round(width * shrink), 1), max(round(height * shrink), 1)
    small = [
        picture_of(one.transpose(1, 2, 0)).resize(size, Image.Resampling.BOX) for one in pixels
    ]
    row = Image.new(small[0].mode, (size[0] * len(small), size[1]))
    for place, one in enumerate(small):
        row.paste(one, (size[0] * place, 0))
    content = io.BytesIO()
    row.save(content, "JPEG", quality=QUALITY)
    return content.getvalue()
