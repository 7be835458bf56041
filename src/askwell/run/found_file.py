"""A small file as it was found, so that it can be put back."""

import os
from pathlib import Path
from typing import NamedTuple, Self


class Found(NamedTuple):
    """A small file as it was found, content None if it was not there."""

    file: Path
    content: bytes | None
    modified: int = 0  # nanoseconds

    @classmethod
    def of(cls, file: Path) -> Self:
        return (
            cls(file, file.read_bytes(), file.stat().st_mtime_ns)
            if file.is_file()
            else cls(file, None)
        )

    def put_back(self) -> None:
        """Restores the file."""
        if self.content is None:
            self.file.unlink(missing_ok=True)
            return
        if self.file.read_bytes() != self.content:
            self.file.write_bytes(self.content)
        os.utime(self.file, ns=(self.modified, self.modified))
