"""A process that has imported what a run needs, and waits to become one: the imports take longer
than a round.
"""

import json
import logging
import os
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from select import select

from askwell.command.program import MODULE
from askwell.command.resume import SCRIPT, Command

MODULES = (
    *("askwell.command.train", "askwell.command.run", "askwell.dataset.unlabelled"),
    *("askwell.command.fitting", "askwell.embedding.efficientnet", "askwell.model.head"),
    *("askwell.strategy.typiclust", "askwell.strategy.uncertainty", "pytorch_lightning.callbacks"),
)
"""What a run imports, in its order: the first line is all that its first question needs."""


class Warm:
    """At most one process that waits. It ends with this one, unless it has become a run.

    It costs the memory of what it imports, about 0.4 GB.
    """

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Starts a process, unless one waits."""
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env=environment(safe=False),
            )

    def become(self, command: Command, output: Path) -> subprocess.Popen[bytes] | None:
        """The process that waited, which now is the run of `command` and prints into `output`; None
        where none waits, or where the program is not Askwell's own.
        """
        if self.process is None or command.program not in (None, SCRIPT):
            return None
        process, self.process = self.process, None
        with suppress(BrokenPipeError), process.stdin as told:  # type: ignore[union-attr]
            words = [
                str(command.folder),
                str(output),
                str(command.program or ""),
                *command.arguments,
            ]
            told.write(json.dumps(words).encode() + b"\n")
            told.flush()
            return process
        return None

    def __enter__(self) -> "Warm":
        return self

    def __exit__(self, *error: object) -> None:
        """Ends the process that waits."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()


def environment(safe: bool) -> dict[str, str]:
    """That of a run's process; `safe` where it is a module, as `askwell train` sets it."""
    return {**os.environ, "COLUMNS": "200", **({"PYTHONSAFEPATH": "1"} if safe else {})}


def wait() -> None:
    """Imports until there is a line, waits for it, and is the run that it tells of."""
    # Lightning prints by itself where it is imported before there is any log.
    quiet = logging.NullHandler()
    logging.root.addHandler(quiet)
    for module in MODULES:
        if select([sys.stdin], [], [], 0)[0]:
            break
        __import__(module)
    logging.root.removeHandler(quiet)
    line = sys.stdin.buffer.readline()
    if line:
        _run(*json.loads(line))


def _run(place: str, output: str, script: str, *arguments: str) -> None:
    from askwell.command.train import launch

    with open(output, "wb") as file, open(os.devnull, "rb") as nothing:
        for target, source in enumerate((nothing, file, file)):
            os.dup2(source.fileno(), target)
    os.chdir(place)
    if script:
        sys.path.insert(0, os.path.dirname(script))
    else:
        os.environ |= environment(safe=True)
    # By it Lightning starts the other processes of a run, and run.json names the command.
    sys.modules["__main__"].__spec__ = None if script else find_spec(MODULE)
    sys.argv[:] = [script or "askwell train", *arguments]
    launch()


if __name__ == "__main__":
    wait()
