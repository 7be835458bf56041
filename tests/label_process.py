"""`askwell label` in a process of its own, which may be killed."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from label_person import Person, seen

ROOT = Path(__file__).parents[1]
PROGRAM = "from askwell.command.cli import main; main()"


class LabelProcess:
    """The command with `words` in `folder`; `person` answers on its page."""

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
        self.address = self.process.stdout.readline().strip()
        assert self.address, (folder / "label.err").read_text()
        self.person = Person(self.address, tell)

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
            if not self.person.answer(3):
                time.sleep(0.1)


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
                    for item in page.person.queue[: dice.randint(1, 3)]:
                        word = page.person.tell(page.person.get(f"/image/{item['id']}"))
                        event = page.person.event(item["id"], word)
                        confirmed += page.person.say(event)["taken"]
                    time.sleep(dice.uniform(0, 0.4))
            if victim != "page":
                kill_child(run)
            if victim != "run":
                page.kill()
        kills -= 1
