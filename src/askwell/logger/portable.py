"""What is logged of a configuration: no path of this machine, which means nothing elsewhere."""

from pathlib import Path
from typing import Any


def portable(value: Any) -> Any:
    """The value with paths relative to the current directory; of others only the last name.

    >>> portable({"data_dir": "/home/someone/photos", "rounds": 25, "cache_dir": ".cache/askwell"})
    {'data_dir': 'photos', 'rounds': 25, 'cache_dir': '.cache/askwell'}
    """
    if isinstance(value, dict):
        return {key: portable(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [portable(child) for child in value]
    return _portable(value) if isinstance(value, str) else value


def _portable(text: str) -> str:
    path = Path(text.removeprefix("file://"))
    here = Path.cwd()
    if path.is_absolute() or text.startswith("~"):
        return str(path.relative_to(here)) if path.is_relative_to(here) else path.name
    for place in (here, Path.home()):
        if place != Path(place.root):
            text = text.replace(f"{place}/", "").replace(str(place), place.name)
    return text
