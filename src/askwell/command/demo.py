"""`askwell demo`: the labelling page on digits that come with the installation."""

import io
import sys
import threading
import time
from argparse import Namespace
from contextlib import suppress
from pathlib import Path
from typing import Any

from askwell.command.browser import open_browser
from askwell.command.label import label, parser
from askwell.command.scripted_person import ScriptedPerson, Tell
from askwell.files import write_whole

FOLDER = Path("outputs/digits")
COUNT = 1000
CLASSES = "1234567890"
"""In the order of the page's keys: each digit has its own key."""
SETTINGS = (
    *("dataset.evaluation_size=30", "initial_size=10", "query_size=10"),
    "model=cnn",  # an encoder of photographs sees no more of digits than their pixels say
)
"""A first round after 40 answers, about a minute by keys."""
PAUSE, ANSWERS = 0.7, 120
"""Seconds between the answers of the scripted person, and how many it gives."""


def add_demo(commands: Any) -> None:
    """Adds the command to the parser of `askwell`."""
    command = commands.add_parser("demo", help="label digits that come with the installation")
    command.add_argument("--watch", action="store_true", help="a scripted person answers")
    command.add_argument("--no-browser", action="store_true", help="only print the address")
    command.set_defaults(work=demo)


def demo(chosen: Namespace) -> None:
    """Serves the page for the digits until it is interrupted."""
    tell = write_digits(FOLDER)
    words = [str(FOLDER), "--classes", ",".join(CLASSES), *SETTINGS]

    def opened(address: str) -> None:
        if chosen.watch:
            threading.Thread(target=watched, args=[address, tell], daemon=True).start()
        if sys.stdout.isatty() and not chosen.no_browser:
            open_browser(address)

    label(parser().parse_intermixed_args(words), opened)


def write_digits(folder: Path) -> Tell:
    """Writes the digits that are not in `folder` yet; what tells the digit of an image file.

    Neither names nor order give a digit away.
    """
    import numpy as np  # for which `askwell --help` need not wait
    from PIL import Image

    from askwell.dataset.mnist_mini import packaged_digits

    images, labels = packaged_digits()
    order = np.random.default_rng(0).permutation(len(images))[:COUNT]
    for number, place in enumerate(order):
        file = folder / f"digit-{number:03}.png"
        if not file.exists():
            content = io.BytesIO()
            Image.fromarray(images[place]).save(content, "PNG")
            write_whole(file, content.getvalue())
    known = {images[place].tobytes(): str(labels[place]) for place in order}
    return lambda content: known[np.asarray(Image.open(io.BytesIO(content)).convert("L")).tobytes()]


def watched(address: str, tell: Tell, pause: float = PAUSE, answers: int = ANSWERS) -> None:
    """Lets a scripted person answer one image after the other, also those that come while the
    network trains; once the page is served.
    """
    person, given = ScriptedPerson(address, tell, pause), 0
    while given < answers:
        time.sleep(pause)
        with suppress(OSError, RuntimeError):  # the server is busy, or somebody was quicker
            given += person.answer(1)
    print(f"the scripted person gave {given} answers; now it is your turn", flush=True)
