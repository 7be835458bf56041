"""A scripted person: answers through the page's own addresses, by looking at the pictures."""

import io
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np
from PIL import Image

KINDS = ("cannot tell", "none of these", "broken", "later", "undo")
CLASSES = ("ash", "birch", "cedar")
MEANS = (99.5, 149.5, 199.5)
"""The mean level of each class of the tests' images."""


def seen(content: bytes) -> str:
    """The class that a picture shows."""
    level = np.asarray(Image.open(io.BytesIO(content)).convert("L")).mean()
    return CLASSES[int(np.abs(np.array(MEANS) - level).argmin())]


class Person:
    """Somebody with the address that the page's process printed."""

    def __init__(self, address: str, tell: Callable[[bytes], str] = seen) -> None:
        parts = urlsplit(address)
        self.root, self.tell = f"{parts.scheme}://{parts.netloc}", tell
        with urllib.request.urlopen(address) as page:
            cookie = SimpleCookie(page.headers["set-cookie"])
        self.headers = {"Cookie": "; ".join(f"{name}={one.value}" for name, one in cookie.items())}

    def get(self, path: str) -> bytes:
        request = urllib.request.Request(self.root + path, headers=self.headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.read()

    def post(self, path: str, content: Any, **headers: str) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        own = {**self.headers, "Origin": self.root, "Content-Type": "application/json", **headers}
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        request = urllib.request.Request(self.root + path, body, own)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    @property
    def state(self) -> dict[str, Any]:
        return json.loads(self.get("/api/state"))

    @property
    def queue(self) -> list[dict[str, Any]]:
        return json.loads(self.get("/api/queue"))["images"]

    def event(self, one: str, word: str, **facts: Any) -> dict[str, Any]:
        """An answer as the page sends it."""
        said = {"kind": word} if word in KINDS else {"kind": "label", "answer": word}
        return {"uid": uuid4().hex, "id": one, "seconds": 1.5, "mode": "single", **said, **facts}

    def say(self, *events: dict[str, Any]) -> dict[str, Any]:
        """Sends answers; what the server made of them."""
        status, content = self.post("/api/answers", {"answers": list(events)})
        assert status == 200, content
        return content

    def answer(self, most: int) -> int:
        """Answers so many of the next images at most, one by one; how many it were."""
        images = self.queue[:most]
        for item in images:
            word = self.tell(self.get(f"/image/{item['id']}"))
            assert self.say(self.event(item["id"], word))["refused"] == []
        return len(images)

    def wait(self, until: Callable[[dict[str, Any]], bool], seconds: float = 90) -> dict[str, Any]:
        """The state once it is as wanted."""
        end = time.monotonic() + seconds
        while not until(state := self.state):
            assert time.monotonic() < end, state
            assert state["fault"] is None, state["fault"]
            time.sleep(0.05)
        return state
