"""Where a report may be written: links in a received folder lead no write out of it."""

from collections.abc import Sequence
from os.path import abspath
from pathlib import Path

from askwell.errors import UserError
from askwell.report.reading.received import leads_out


def refuse_links(output: Path, folders: Sequence[Path]) -> None:
    """Raises UserError if the report would be written somewhere else, by a link within the folders.

    The folders and the output may be links themselves, since whoever names them knows them. Links
    to files are no concern of this: they are replaced.
    """
    for folder in folders:
        if Path(abspath(output)).is_relative_to(abspath(folder)) and leads_out(output, folder):
            raise UserError(
                f"{output} is a link that leads out of {folder}: choose another --output"
            )
    if (output / "plots").is_symlink():
        raise UserError(f"{output / 'plots'} is a link: remove it, or choose another --output")
