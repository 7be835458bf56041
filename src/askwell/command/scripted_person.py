"""A person by script: answers through the addresses of the labelling page, as its browser does."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

KINDS = ("cannot tell", "none of these", "broken", "later", "undo")
"""Answers that name no class."""
PAUSE = 0.05
"""Seconds between two looks at what the page shows."""

Tell = Callable[[bytes], str]
"""The answer to a picture, given the content of its file."""


class ScriptedPerson:
    """Somebody with the address that the page's process printed, who answers as `tell` does.

    `seconds` is the reported duration of each answer. Raises RuntimeError if the page refuses an
    answer, OSError if it cannot be reached.
    """

    def __init__(self, address: str, tell: Tell, seconds: float = 1.5) -> None:
        parts = urlsplit(address)
        self.root, self.tell, self.seconds = f"{parts.scheme}://{parts.netloc}", tell, seconds
        with urllib.request.urlopen(address, timeout=60) as page:
            cookie = SimpleCookie(page.headers["set-cookie"])
        self.headers = {"Cookie": "; ".join(f"{name}={one.value}" for name, one in cookie.items())}

    def get(self, path: str) -> bytes:
        """What is at an address of the page."""
        request = urllib.request.Request(self.root + path, headers=self.headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return bytes(response.read())

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
        """What the page shows beside the images."""
        state: dict[str, Any] = json.loads(self.get("/api/state"))
        return state

    @property
    def queue(self) -> list[dict[str, Any]]:
        """The next images, in order."""
        images: list[dict[str, Any]] = json.loads(self.get("/api/queue"))["images"]
        return images

    def event(self, one: str, word: str, **facts: Any) -> dict[str, Any]:
        """An answer as the page sends it."""
        said = {"kind": word} if word in KINDS else {"kind": "label", "answer": word}
        event = {"uid": uuid4().hex, "id": one, "seconds": self.seconds, "mode": "single"}
        return {**event, **said, **facts}

    def say(self, *events: dict[str, Any]) -> dict[str, Any]:
        """Sends answers; what the server made of them."""
        status, content = self.post("/api/answers", {"answers": list(events)})
        if status != 200:
            raise RuntimeError(f"the page answered {status}: {content}")
        made: dict[str, Any] = content
        return made

    def answer(self, most: int) -> int:
        """Answers so many of the next images at most, one by one; how many it were."""
        images = self.queue[:most]
        for item in images:
            word = self.tell(self.get(f"/image/{item['id']}"))
            if refused := self.say(self.event(item["id"], word))["refused"]:
                raise RuntimeError(f"the page refused an answer: {refused}")
        return len(images)

    def answer_until(self, over: Callable[[dict[str, Any]], bool], seconds: float = 90) -> None:
        """Answers what is lacking until the state is as wanted, and nothing while the network
        trains, so that each query is settled by the first images of its list. Raises as `wait`.
        """

        def answered(state: dict[str, Any]) -> bool:
            if over(state):
                return True
            if not state["training"]:
                self.answer(state["lacking"])
            return False

        self.wait(answered, seconds)

    def wait(self, until: Callable[[dict[str, Any]], bool], seconds: float = 90) -> dict[str, Any]:
        """The state once it is as wanted. Raises TimeoutError after so many seconds, RuntimeError
        where the run has failed.
        """
        end = time.monotonic() + seconds
        while not until(state := self.state):
            if state["fault"] is not None:
                raise RuntimeError(state["fault"])
            if time.monotonic() > end:
                raise TimeoutError(f"not as wanted after {seconds:g} s: {state}")
            time.sleep(PAUSE)
        return state
