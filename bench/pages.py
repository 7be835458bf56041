"""Pages with blocks that programs write, between two marks that name the block."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

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


def spread(values: Sequence[float] | np.ndarray, form: str) -> str:
    """Mean ± standard deviation; the bare mean of a single value, nothing for none.

    >>> spread([1.0, 3.0], ".1f"), spread([-0.04], ".1f"), spread([], ".1f")
    ('2.0 ± 1.4', '0.0', '')
    """
    if len(values) < 2:
        return "".join(signed(one, form) for one in values)
    return f"{signed(float(np.mean(values)), form)} ± {np.std(values, ddof=1):{form.lstrip('+')}}"


def signed(value: float, form: str) -> str:
    """A number with a minus sign as it is printed; what rounds to nothing has none."""
    text = format(value, form)
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown; its first column is of words, the others of numbers."""
    rules = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rules, *rows))
