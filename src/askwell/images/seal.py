"""Facts that seal themselves, and files that are known by their state: a start need not read
gigabytes again to trust them.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from askwell.files import write_json
from askwell.images.fingerprint import digest

SEAL, STATE = "seal", "state"


def write_sealed(path: Path, facts: Mapping[str, Any], files: Iterable[Path]) -> None:
    """Writes facts about `files`, which are known to be whole, with the state of these files and a
    sum of everything.
    """
    noted = {**facts, STATE: state_of(files)}
    write_json(path, noted | {SEAL: _sum(noted)})


def read_sealed(path: Path) -> dict[str, Any]:
    """The facts that were written. Raises ValueError or OSError where they are not as they were."""
    facts: dict[str, Any] = json.loads(path.read_text())
    if facts[SEAL] != _sum(facts):
        raise ValueError("its facts were changed")
    return facts


def state_of(files: Iterable[Path]) -> list[list[int]]:
    """What changes whenever one of the files is written, even where its time is set back
    afterwards.
    """
    states = [os.stat(file) for file in files]
    return [[state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino] for state in states]


def _sum(facts: Mapping[str, Any]) -> str:
    sealed = {name: value for name, value in facts.items() if name != SEAL}
    return digest(json.dumps(sealed, sort_keys=True))
