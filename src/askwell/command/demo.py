"""`askwell demo`: the labelling page on digits that come with the installation."""

import io
import json
import sys
import threading
import time
import urllib.request
import webbrowser
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from askwell.command.label import label, parser
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

Tell = Callable[[bytes], str]


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
            person = ScriptedPerson(address, tell)
            threading.Thread(target=person.work, daemon=True).start()
        if sys.stdout.isatty() and not chosen.no_browser:
            webbrowser.open(address)

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


@dataclass
class ScriptedPerson:
    """Answers by the page's own addresses, as its browser would, while somebody watches."""

    address: str
    tell: Tell
    pause: float = PAUSE
    answers: int = ANSWERS
    headers: dict[str, str] = field(default_factory=dict)

    def work(self) -> None:
        """Answers one image after the other, also those that come while the network trains."""
        self.enter()
        given = 0
        while given < self.answers:
            time.sleep(self.pause)
            with suppress(OSError):  # the server may be busy for a moment
                given += self.answer_one()
        print(f"the scripted person gave {given} answers; now it is your turn", flush=True)

    def enter(self) -> None:
        """Opens the address, whose cookie all that follows needs."""
        with self._opened(self.address) as page:
            cookies = SimpleCookie(page.headers["set-cookie"])
        self.headers["Cookie"] = "; ".join(f"{name}={one.value}" for name, one in cookies.items())

    @property
    def state(self) -> dict[str, Any]:
        """What the page shows beside the images."""
        state: dict[str, Any] = json.loads(self._get("/api/state"))
        return state

    def answer_one(self) -> int:
        """Answers the next image; how many answers the server took, 0 where nothing is asked."""
        queue = json.loads(self._get("/api/queue"))["images"]
        if not queue:
            return 0
        one = queue[0]["id"]
        word = self.tell(self._get(f"/image/{one}"))
        event = {"uid": uuid4().hex, "id": one, "kind": "label", "answer": word, "mode": "single"}
        content = json.dumps({"answers": [{**event, "seconds": self.pause}]}).encode()
        return len(json.loads(self._get("/api/answers", content))["taken"])

    def _get(self, path: str, content: bytes | None = None) -> bytes:
        with self._opened(f"{self._root}{path}", content) as response:
            return bytes(response.read())

    def _opened(self, address: str, content: bytes | None = None) -> Any:
        headers = {**self.headers, "Origin": self._root}
        return urllib.request.urlopen(urllib.request.Request(address, content, headers), timeout=30)

    @property
    def _root(self) -> str:
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"
