"""Figures in sentences are those of the packed runs, or the page is refused.

A comment right after a paragraph, a point of a list or a table names its figures in their order,
and after a bar the other numbers, which are settings or names:

    To 95 % `sm` needs 41 % fewer labels than random.
    <!-- figures: mini.sm.saves_95 | 95 -->

Where runs are not packed yet, a sentence that others support has `<!-- later figures: … -->`.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from bench.arms import NotPackedError

Figure = Callable[[str], str]
"""A figure by its name; raises NotPackedError or ValueError."""

COMMENT = re.compile(
    r"\s*<!-- (?P<later>later )?figures:(?P<names>[^|]*?)(?:\|(?P<given>.*?))?-->", re.DOTALL
)
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
GENERATED = re.compile(r"<!-- (?P<name>[\w-]+): begin -->.*?<!-- (?P=name): end -->", re.DOTALL)
IGNORED = re.compile(r"`[^`]*`|\]\([^)]*\)|<!--.*?-->|^#+ [^\n]*", re.DOTALL | re.MULTILINE)
"""Code, the targets of links, other comments, headings."""
BOUNDARY = re.compile(r"\n[ \t]*\n|\n(?=\s*(?:[*-]|\d+\.) )|\n(?=#)")
HEADING = re.compile(r"^#+ .*$", re.MULTILINE)
FORMER = "†"
"""What still follows the former definition: in a heading its section, in a row of a table the row.
"""


class Paragraph(NamedTuple):
    """A paragraph, a point or a table, its line in the page, and the comment after it."""

    line: int
    text: str
    comment: re.Match[str] | None


def faults(page: str, figure: Figure, strict: bool = False) -> Iterator[str]:
    """What is wrong with the figures of a page, by line; `strict`: every number must be a figure
    or given, also where there is no comment.
    """
    for paragraph in paragraphs(page):
        if paragraph.comment is not None and paragraph.comment["later"]:
            found = outdated(paragraph.comment["names"].split(), figure)
        elif paragraph.comment is not None or strict:
            found = faults_of(paragraph, figure)
        else:
            continue
        yield from (f"line {paragraph.line}: {fault}" for fault in found)


def former_blocks(page: str) -> Iterator[str]:
    """The names of the blocks in sections of the former definition."""
    for start, end in sections(page):
        if FORMER in page[start:end].partition("\n")[0]:
            yield from (found["name"] for found in GENERATED.finditer(page, start, end))


def paragraphs(page: str) -> Iterator[Paragraph]:
    """The paragraphs that people write, without those of sections of the former definition."""
    written = GENERATED.sub(lambda found: "\n" * found[0].count("\n"), page)
    for start, end in sections(written):
        if FORMER in written[start:end].partition("\n")[0]:
            continue
        places = [start, *(found.end() for found in BOUNDARY.finditer(written, start, end)), end]
        for first, last in pairwise(places):
            text = written[first:last]
            begin = first + len(text) - len(text.lstrip())
            if text.strip() and not text.strip("\n").startswith("    "):
                yield Paragraph(written.count("\n", 0, begin) + 1, text, COMMENT.search(text))


def sections(page: str) -> Iterator[tuple[int, int]]:
    """Where each section begins, at its heading, and ends."""
    return pairwise([0, *(heading.start() for heading in HEADING.finditer(page)), len(page)])


def outdated(names: list[str], figure: Figure) -> Iterator[str]:
    """A fault where the runs of all figures have come."""
    try:
        for name in names:
            figure(name)
    except NotPackedError:
        return
    yield "the runs of its later figures are packed: check the sentence, and name them as figures"


def faults_of(paragraph: Paragraph, figure: Figure) -> Iterator[str]:
    """Each figure must be found after the one before it; numbers in between must be given."""
    names, given = "", ""
    if paragraph.comment is not None:
        names, given = paragraph.comment["names"], paragraph.comment["given"] or ""
    text, others = words_of(paragraph), ""
    for name in names.split():
        try:
            shown = figure(name)
        except (NotPackedError, ValueError) as error:
            yield f"{name}: {error}"
            continue
        found = re.search(rf"(?<![\d.,−]){re.escape(shown)}(?!\d|[.,]\d)", text)
        if found is None:
            yield f"{name} is {shown}, which is not there, or not after the figure before it"
            continue
        others += f" {text[: found.start()]}"
        text = text[found.end() :]
    unknown = set(NUMBER.findall(f"{others} {text}")) - set(given.split())
    if unknown:
        yield f"no figure and not given: {', '.join(sorted(unknown))}"


def words_of(paragraph: Paragraph) -> str:
    """What is checked of a paragraph, in one line."""
    lines = COMMENT.sub("", paragraph.text).split("\n")
    kept = [line for line in lines if not (line.startswith("|") and FORMER in line)]
    return " ".join(IGNORED.sub(" ", "\n".join(kept)).split())
