"""The folders of runs: where the run that labels photos is, and which runs ask on a page."""

from pathlib import Path

from askwell.command.page.start import NOTE
from askwell.run.run_json import read_run


def folder_for(photos: Path, name: str | None) -> Path:
    """The folder of the run that labels `photos`."""
    return Path("outputs").absolute() / (name or f"label-{photos.name or 'photos'}")


def asks_on_a_page(run: Path) -> bool:
    """Whether a run is answered on the page, rather than by files or by itself."""
    facts = read_run(run) or {}
    oracle = (facts.get("config") or {}).get("oracle") or {}
    return str(oracle.get("_target_", "")).endswith(".Page") or (run / NOTE).exists()


def runs_in(folder: Path) -> list[Path]:
    """The runs that `folder` is, or holds as a sweep does; none where it holds images."""
    if (folder / "run.json").is_file():
        return [folder]
    return sorted(file.parent for file in folder.glob("*/run.json"))
