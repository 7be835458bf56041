"""A copy of a public git repository with only some of its folders."""

import json
import logging
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from askwell.download.git import git
from askwell.errors import UserError

logger = logging.getLogger(__name__)

# How many files each folder of the repository has, and which folders are here. The file has the
# second name while folders are being added: a clone that was left like that is fetched again.
WHOLE, UNFINISHED = ".git/askwell.json", ".git/askwell-unfinished.json"
Choose = Callable[[Mapping[str, int]], Iterable[str]]


@dataclass(frozen=True)
class SparseClone:
    """A partial clone of `repository` in `folder`. No git command may take longer than `timeout`
    seconds.
    """

    folder: Path
    repository: str
    timeout: float

    def require(self, choose: Choose) -> None:
        """Fetches the folders that `choose` picks, given the number of files in each folder of the
        repository.

        Folders that are here already are not fetched again. Raises UserError where git, the network
        or the disk fails.
        """
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder.with_name(f".{self.folder.name}.lock")):
                if (self.folder / WHOLE).is_file():
                    self._extend(choose)
                else:
                    self._clone(choose)
        except OSError as error:
            raise UserError(f"cannot write to {self.folder} ({error.strerror or error})") from error

    def _clone(self, choose: Choose) -> None:
        """Clones next to the final place and renames the complete clone: an incomplete one is never
        used.
        """
        part = self.folder.with_name(f".{self.folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        try:
            lazily = ("--filter=blob:none", "--no-checkout", "--depth=1", "--quiet")
            git("clone", *lazily, self.repository, str(part), timeout=self.timeout)
            counts = self._count(part)
            self._check_out(part, counts, sorted(choose(counts)))
            if (self.folder / UNFINISHED).is_file():
                shutil.rmtree(self.folder)
            os.replace(part, self.folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _extend(self, choose: Choose) -> None:
        state = json.loads((self.folder / WHOLE).read_text())
        here, wanted = set(state["here"]), set(choose(state["counts"]))
        if not wanted <= here:
            os.replace(self.folder / WHOLE, self.folder / UNFINISHED)
            self._check_out(self.folder, state["counts"], sorted(here | wanted))

    def _count(self, clone: Path) -> dict[str, int]:
        """The number of files in each folder, from the trees alone: no image is downloaded."""
        names = git(
            "-C", str(clone), "ls-tree", "-r", "-z", "--name-only", "HEAD", timeout=self.timeout
        )
        return Counter(name.rpartition("/")[0] for name in names.split("\0") if "/" in name)

    def _check_out(self, clone: Path, counts: Mapping[str, int], folders: list[str]) -> None:
        images = sum(counts.get(folder, 0) for folder in folders)
        logger.info(
            "fetching %d folders with %d files from %s", len(folders), images, self.repository
        )
        lines = "\n".join(folders)
        git(
            "-C",
            str(clone),
            "sparse-checkout",
            "set",
            "--cone",
            "--stdin",
            text=lines,
            timeout=self.timeout,
        )
        git("-C", str(clone), "checkout", "--quiet", timeout=self.timeout)
        (clone / UNFINISHED).write_text(json.dumps({"counts": counts, "here": folders}))
        os.replace(clone / UNFINISHED, clone / WHOLE)


def is_sparse_clone(folder: Path) -> bool:
    """Whether the folder was fetched by `SparseClone`, so that its repository may have more."""
    return (folder / WHOLE).is_file() or (folder / UNFINISHED).is_file()
