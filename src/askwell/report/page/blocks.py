"""The parts of a page, before they are HTML or Markdown."""

import re
from dataclasses import dataclass

INK = "#010203"  # replaced by the colour of text, on the page and in files
TAG = re.compile("<[^<>]+>")  # not the text between them, which may be a foreign name
REFERENCE = re.compile(r'(\bid="|href="#|url\(#)')


@dataclass(frozen=True)
class Table:
    """Rows of text; the first column names the row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure as SVG with INK for ink. `name` is its file's name in plots/, `caption` what it
    shows.
    """

    name: str
    caption: str
    svg: str

    @property
    def inline(self) -> str:
        """The figure as part of a page: ink in the page's colour, ids of its own."""
        body = self.svg[self.svg.index("<svg") :].replace(INK, "currentColor")
        return TAG.sub(lambda tag: REFERENCE.sub(rf"\g<1>{self.name}:", tag[0]), body)

    @property
    def file(self) -> str:
        """The figure as a file of its own: dark on white."""
        return self.svg.replace(INK, "#1f2328")


@dataclass(frozen=True)
class Section:
    """A heading and what follows it, in the order of the fields; wide pictures are below one
    another, and are scrolled where there is no room.
    """

    title: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
    points: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    wide: bool = False
