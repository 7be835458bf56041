"""What joins a run on a large folder while people answer: as many images more as it has, decoded
and embedded beforehand. In a process of its own: RUN.
"""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import OmegaConf

from askwell.command.cli import with_user_errors
from askwell.command.page.warm import environment
from askwell.command.trust import builds_known
from askwell.errors import UserError
from askwell.images.image_list import LIST, LONGER, read_list, write_list
from askwell.run.notes import FOLDER

OUTPUT = "joining.log"
"""What the process prints."""
POLITE = 19
"""How much less than all else this process computes, as `nice` counts it."""


class Joining:
    """The process for the run in `folder`, at most once; it ends with this one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, unless it was started before."""
        if self.process is None:
            with (self.folder / OUTPUT).open("wb") as output:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", __name__, str(self.folder)],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env=environment(safe=True),
                )

    def stop(self) -> None:
        """Ends it."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()


def join(run: Path) -> bool:
    """Replaces the list of the run's images by one of twice the length, once all that a resume
    needs of the new ones is in the cache. The images so far keep their places.

    Returns whether there were any. Safe to be killed, and beside a run: what it has embedded is
    found again, and an open run uses the list that it began with.
    """
    from askwell.embedding.embedded import rows_of  # not while the page starts

    dataset, embedding = _parts(run)
    known, longer = read_list(run / LIST), read_list(run / LONGER)
    if known is None or longer is None or longer.names[: len(known.names)] != known.names:
        longer = dataset.longer()
        if longer is None:
            return False
        write_list(run / LONGER, longer)
    opened = replace(dataset, image_list=run / LONGER).open()
    rows_of(opened, embedding, "train", Path(dataset.cache_dir))
    if read_list(run / LIST) == known:  # nobody has changed it meanwhile
        os.replace(run / LONGER, run / LIST)
    return True


def _parts(run: Path) -> Any:
    """The data set of a run with its own list, and its embedding."""
    cfg: Any = OmegaConf.load(run / FOLDER / "config.yaml")
    parts = [OmegaConf.to_container(cfg[name], resolve=True) for name in ("dataset", "embedding")]
    if not builds_known(parts, "dataset"):
        raise UserError(f"{run} names what is not Askwell's and could run anything")
    dataset, embedding = map(instantiate, parts)
    return replace(dataset, image_list=run / LIST), embedding


def _join_all(run: Path) -> None:
    while join(run):
        pass


def _end_with_page() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    os.nice(POLITE)
    threading.Thread(target=_end_with_page, daemon=True).start()
    with_user_errors(lambda: _join_all(Path(sys.argv[1])))
