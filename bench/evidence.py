"""Every table and picture of the documents from the packed runs, and a check of their sentences:
`make results`. It trains nothing, and the same runs give the same pages.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from bench import (
    candidates,
    claim_tables,
    networks,
    overview,
    person,
    prose,
    realism,
    sections,
    standings,
    stopping,
    unlabelled,
)
from bench.figures import figure
from bench.packing import Packed
from bench.pages import BENCHMARKS, DOCS, README, RESULTS, ROOT, put

Block = tuple[Path, str, str]
"""A page, the name of a block in it, and what the block must be."""


def main() -> None:
    """Writes what has changed; exits with 1 where a figure in a sentence is wrong."""
    for file, content in made().items():
        if not file.exists() or file.read_text() != content:
            file.write_text(content)
            print(f"{file.relative_to(ROOT)} is new")
    found = [fault for page in (RESULTS, README) for fault in faults(page)]
    if found:
        sys.exit("\n".join(found))


def made() -> dict[Path, str]:
    """The content that each page and picture must have. A block whose runs are not packed yet
    stays as it is.
    """
    board = standings.tables()
    blocks = [*claim_tables.blocks(), *of_studies()]
    pictures = {DOCS / name: picture for name, picture in claim_tables.pictures()}
    if board is not None:
        blocks.append((RESULTS, standings.MARK, board[0]))
        pictures[standings.PICTURE] = board[1]
    pages: dict[Path, str] = {}
    for page, name, block in blocks:
        pages[page] = put(pages.get(page) or page.read_text(), name, block)
    return pages | pictures


def of_studies() -> Iterator[Block]:
    """The blocks of the studies beside the claims and the leaderboard."""
    yield realism.PAGE, realism.MARK, realism.tables(list(Packed(realism.FILE)))
    yield stopping.PAGE, stopping.MARK, stopping.tables()
    yield unlabelled.PAGE, unlabelled.MARK, unlabelled.tables()
    yield BENCHMARKS, overview.MARK, overview.tables()
    yield from ((BENCHMARKS, name, rows) for name, rows in sections.tables())
    yield BENCHMARKS, candidates.MARK, candidates.rows_of(list(Packed(candidates.FILE)))
    yield BENCHMARKS, person.MARK, person.table(list(Packed(person.FILE)))
    if of_networks := networks.tables(list(Packed(networks.FILE))):
        yield RESULTS, "networks", of_networks


def faults(page: Path) -> Iterator[str]:
    """What is wrong with the sentences of a page; in RESULTS.md every number must be accounted for,
    and no section may be marked as former whose runs are there.
    """
    text = page.read_text()
    for fault in prose.faults(text, figure, strict=page == RESULTS):
        yield f"{page.name}, {fault}"
    packed = {name for of, name, _ in claim_tables.blocks() if of == page}
    for former in prose.former_blocks(text):
        if former in packed:
            yield f"{page.name}: the runs of `{former}` are packed; its section is marked as former"


if __name__ == "__main__":
    main()
