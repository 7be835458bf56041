"""`askwell label` in a process of its own, which may be killed."""

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from label_person import CLASSES, Person, seen

ROOT = Path(__file__).parents[1]
PROGRAM = "from askwell.command.cli import main; main()"


def mistaken(content: bytes) -> str:
    """The class of a picture, or the next one of a third of them."""
    place = CLASSES.index(seen(content)) + (hashlib.sha256(content).digest()[0] % 3 == 0)
    return CLASSES[place % len(CLASSES)]


class LabelProcess:
    """The command with `words` in `folder`; `person` answers on its page, and so do all `people`
    that --people names, of whom the second errs.
    """

    def __init__(self, folder: Path, *words: str, tell: Callable[[bytes], str] = seen) -> None:
        self.folder = folder
        with (folder / "label.err").open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, "label", *words],
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
            )
        assert self.process.stdout is not None
        names = words[words.index("--people") + 1].split(",") if "--people" in words else [""]
        lines = [self.process.stdout.readline().strip() for _ in names]
        assert all(lines), (folder / "label.err").read_text()
        addresses = [line.rpartition(" ")[2] for line in lines]
        self.address = addresses[0]
        tells = (tell, mistaken, *(tell for _ in names[2:]))
        self.people = [Person(*one) for one in zip(addresses, tells, strict=False)]
        self.person = self.people[0]

    def __enter__(self) -> "LabelProcess":
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def kill(self) -> None:
        """As kill -9 does."""
        self.process.kill()
        self.process.wait(60)

    def label_until(self, rounds: int, seconds: float = 240) -> None:
        """Answers whatever is asked until so many rounds are recorded and the next one is asked."""
        end = time.monotonic() + seconds
        while True:
            state = self.person.state
            assert state["fault"] is None, state["fault"]
            assert time.monotonic() < end, state
            (run,) = state["runs"]
            if len(run["rounds"]) >= rounds and run["status"] in ("waiting", "finished"):
                return
            if not sum(one.answer(3) for one in self.people):
                self.decide()
                time.sleep(0.1)

    def decide(self) -> None:
        """Decides where people differ and nobody else can be asked."""
        ties = json.loads(self.person.get("/api/people"))["ties"] if self.people[1:] else ()
        for tie in ties:
            word = self.person.tell(self.person.get(f"/image/{tie['id']}"))
            self.person.say(self.person.event(tie["id"], word, mode="review"))


def kill_child(folder: Path) -> None:
    """Kills the run's process, if there is one."""
    with suppress(OSError, ValueError):
        os.kill(int((folder / ".pid").read_text()), 9)


def labelled_with_kills(
    folder: Path, words: list[str], kills: int, rounds: int, seed: int
) -> list[str]:
    """Labels until so many rounds are recorded, while run and page are killed at random instants;
    the uids of all answers that the page's server confirmed.
    """
    dice = random.Random(seed)
    confirmed: list[str] = []
    run = folder / "outputs" / "label-photos"
    while True:
        page = LabelProcess(folder, *words)
        with page:
            if not kills:
                page.label_until(rounds)
                return confirmed
            victim, end = (
                dice.choice(("page", "run", "both")),
                time.monotonic() + dice.uniform(0, 6),
            )
            with suppress(OSError):
                while time.monotonic() < end:
                    person = dice.choice(page.people)
                    for item in person.queue[: dice.randint(1, 3)]:
                        word = person.tell(person.get(f"/image/{item['id']}"))
                        event = person.event(item["id"], word)
                        confirmed += person.say(event)["taken"]
                    time.sleep(dice.uniform(0, 0.4))
            if victim != "page":
                kill_child(run)
            if victim != "run":
                page.kill()
        kills -= 1
