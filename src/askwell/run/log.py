"""The log file of a run, which is not touched before the run is admitted."""

import logging
from typing import Any


class HeldFileHandler(logging.FileHandler):
    """Keeps records in memory until they are released: a refused command leaves no line."""

    def __init__(self, filename: str, **settings: Any) -> None:
        super().__init__(filename, **{"encoding": "utf-8", **settings, "delay": True})
        self.held: list[logging.LogRecord] | None = []

    def emit(self, record: logging.LogRecord) -> None:
        if self.held is None:
            super().emit(record)
        else:
            self.held.append(record)

    def write_through(self) -> None:
        """Writes what was held, and from now on every record at once."""
        held, self.held = self.held or [], None
        for record in held:
            super().emit(record)


def release_log() -> None:
    """Releases the log files of this process."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, HeldFileHandler):
            handler.write_through()
