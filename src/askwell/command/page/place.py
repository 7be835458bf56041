"""Where the images of a run are: the files that its indices mean."""

from functools import cached_property
from pathlib import Path
from typing import Any

from askwell.images.image_list import LIST, read_list, shared_list
from askwell.run.notes import FOLDER, read_yaml
from askwell.run.run_json import read_run


class Place:
    """The image files of the run in `folder`, as far as its images are files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def dataset(self) -> dict[str, Any]:
        """The settings of the run's data set, unresolved."""
        file = self.folder / FOLDER / "config.yaml"
        return dict(read_yaml(file).get("dataset") or {}) if file.exists() else {}

    @cached_property
    def root(self) -> Path | None:
        """The folder that names are relative to; None where images are no files."""
        place = self.dataset.get("root")
        if place is None and (table := self.dataset.get("table")):
            place = str(Path(str(table)).parent)
        if not isinstance(place, str) or "${" in place:
            return None
        noted = self.folder / FOLDER / "hydra.yaml"
        called_in = read_yaml(noted)["hydra"]["runtime"]["cwd"] if noted.exists() else "."
        return Path(str(called_in)) / place

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The files below `root`, byte for byte, by their index; none where there is no list."""
        settings = ((read_run(self.folder) or {}).get("config") or {}).get("dataset") or {}
        for file in (self.folder / LIST, self.folder.parent / shared_list(settings)):
            if (known := read_list(file)) is not None:
                return known.names
        return ()

    def file(self, index: int, name: str | None) -> Path | None:
        """The file of an image, which may be gone; None where it is no file."""
        if self.root is None:
            return None
        if index < len(self.names):
            return self.root / self.names[index]
        return None if name is None else self.root / name
