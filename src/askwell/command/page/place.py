"""Where the images of a run are: the files that its indices mean."""

from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from askwell.errors import UserError
from askwell.images.image_list import LIST, read_list, shared_list
from askwell.images.label_row import Row
from askwell.images.label_table import read_table
from askwell.run.notes import FOLDER, read_yaml
from askwell.run.run_json import read_run


class Place:
    """The image files of the run in `folder`, as far as its images are files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def settings(self) -> dict[str, dict[str, Any]]:
        """The settings of the run's data set and of its oracle, unresolved."""
        file = self.folder / FOLDER / "config.yaml"
        noted = read_yaml(file) if file.exists() else {}
        return {group: dict(noted.get(group) or {}) for group in ("dataset", "oracle")}

    @cached_property
    def root(self) -> Path | None:
        """The folder that names are relative to; None where images are no files."""
        dataset = self.settings["dataset"]
        place = dataset.get("root")
        if place is None and (table := dataset.get("table")):
            place = str(Path(str(table)).parent)
        return self.below(place)

    @cached_property
    def given(self) -> list[Row]:
        """The labels in the tables that the run was given, as far as these are still there."""
        dataset, oracle = self.settings["dataset"], self.settings["oracle"]
        tables = (
            (dataset.get("labels"), "image", "label"),
            (dataset.get("table"), dataset.get("image_column"), dataset.get("label_column")),
            (oracle.get("table"), oracle.get("image_column"), _first(oracle.get("column"))),
        )
        rows: list[Row] = []
        for name, *columns in tables:
            file = self.below(name)
            with suppress(UserError):  # it is another table by now
                if file is not None and file.is_file():
                    rows += read_table(file, *map(str, columns))
        return rows

    def below(self, name: object) -> Path | None:
        """A path in the settings, from where the run was called; None for one that is not plain."""
        if not isinstance(name, str) or "${" in name:
            return None
        noted = self.folder / FOLDER / "hydra.yaml"
        called_in = read_yaml(noted)["hydra"]["runtime"]["cwd"] if noted.exists() else "."
        return Path(str(called_in)) / name

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


def _first(column: object) -> object:
    """The column of the first answers, where there are several."""
    return column[0] if isinstance(column, list) and column else column
