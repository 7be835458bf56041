"""Pages with blocks that programs write, between two marks that name the block."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS, README, BENCHMARKS = (ROOT / f"{name}.md" for name in ("RESULTS", "README", "BENCHMARKS"))
DOCS = ROOT / "docs"


def marks(name: str) -> tuple[str, str]:
    """The lines before and after a block."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def put(page: str, name: str, block: str) -> str:
    """The text of a page with another content of a block.

    Raises ValueError where the page does not have the block's marks once each.

    >>> put("<!-- it: begin -->old<!-- it: end -->", "it", "new").split()
    ['<!--', 'it:', 'begin', '-->', 'new', '<!--', 'it:', 'end', '-->']
    """
    begin, end = marks(name)
    if (page.count(begin), page.count(end)) != (1, 1) or page.index(begin) > page.index(end):
        raise ValueError(f"expected the marks {begin} and {end} once each, in this order")
    before, rest = page.split(begin)
    return f"{before}{begin}\n{block}\n{end}{rest.split(end)[1]}"


def write(file: Path, name: str, block: str) -> None:
    """Replaces a block of a page."""
    file.write_text(put(file.read_text(), name, block))


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown; its first column is of words, the others of numbers."""
    rules = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rules, *rows))
