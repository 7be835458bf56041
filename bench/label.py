"""How long does the page of `askwell label` keep a person waiting: at the start, between two
images, and between two queries?
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Browser, Page, sync_playwright

from askwell.command.scripted_person import ScriptedPerson
from bench.label_studio import VIEW, WAIT, WATCH
from bench.labelled_photos import count_images, link_images, place_in_memory, served, write_images
from bench.publishing import RESULTS, Row, publish

FOLDER, FIRST = "images in the folder", "command to first image, s"
KEY, SLOW_KEY = "key to next image, median ms", "95 % below, ms"
NEXT, WORK = "last answer to next query, median s", "work of a round, median s"
NAMES = {
    FIRST: "seconds from the command to the first image",
    KEY: "from a key to the next image, median",
    SLOW_KEY: "the same, 95 % below",
    NEXT: "seconds from the last answer of a query to the next one",
    WORK: "seconds of them that the round takes",
}
"""What the figures are called in BENCHMARKS.md."""

PATIENCE = 1800
"""Seconds that a round may take at the most."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000, help="of a folder (10000)")
    parser.add_argument("--many", type=int, default=1_000_000, help="of a large one (1000000)")
    parser.add_argument("--answers", type=int, default=60, help="by keys, in each folder (60)")
    parser.add_argument("--rounds", type=int, default=5, help="that are waited for (5)")
    parser.add_argument("--table", action="store_true", help="only the rows of BENCHMARKS.md")
    parser.add_argument("--quick", action="store_true", help="small and once, and no file")
    parser.add_argument("--output", type=Path, help="results/label.json otherwise")
    chosen = parser.parse_args()
    if chosen.table:
        print(table(json.loads((chosen.output or RESULTS / "label.json").read_text())["rows"]))
        return
    if chosen.quick:
        chosen.images, chosen.many, chosen.answers, chosen.rounds = 600, 3_000, 8, 1
    with tempfile.TemporaryDirectory(dir=place_in_memory()) as place, sync_playwright() as session:
        browser = session.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        folder = Path(place) / "photos"
        tell = write_images(folder, chosen.images)
        rows = [first_minutes(browser, folder, chosen.answers)]
        rows[0] |= rounds(folder, chosen.rounds, tell)
        large = Path(place) / "many"
        link_images(folder, large, chosen.many)
        rows.append(first_minutes(browser, large, chosen.answers))
        browser.close()
    publish("label", "The page of askwell label: what a person waits for", rows, chosen)


def table(rows: list[Row]) -> str:
    """The rows as a table of BENCHMARKS.md: one line for each figure, one column for each folder.

    >>> print(table([{FOLDER: 10, FIRST: 3.21}, {FOLDER: 2000, FIRST: 4.0}]))
    | | 10 images | 2,000 images |
    | --- | ---: | ---: |
    | seconds from the command to the first image | 3.2 | 4.0 |
    """
    figures = [name for name in NAMES if any(name in row for row in rows)]
    lines = [
        ["", *(f"{row[FOLDER]:,} images" for row in rows)],
        ["---", *("---:" for _ in rows)],
        *([NAMES[name], *(_figure(name, row) for row in rows)] for name in figures),
    ]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def _figure(name: str, row: Row) -> str:
    if name not in row:
        return ""
    return f"{row[name]:.0f} ms" if "ms" in name else f"{row[name]:.1f}"


def first_minutes(browser: Browser, photos: Path, answers: int) -> Row:
    """From the command to the first image, and from each key to the next image, while all others
    are decoded and embedded in the background.
    """
    start = time.perf_counter()
    with served(photos, f"{photos.name}-minutes") as address:
        page = browser.new_context(viewport=VIEW).new_page()  # type: ignore[arg-type]
        page.set_default_timeout(WAIT)
        page.goto(address)
        page.wait_for_selector("#stage img")
        page.wait_for_function("document.querySelector('#stage img').naturalWidth > 0")
        first = time.perf_counter() - start
        page.wait_for_timeout(2000)
        taken = [key_to_image(page) for _ in range(answers + 1)][1:]
    return {
        FOLDER: count_images(photos),
        FIRST: first,
        KEY: median(taken),
        SLOW_KEY: quantiles(taken, n=20)[-1],
        "_milliseconds": taken,
    }


def key_to_image(page: Page) -> float:
    """Milliseconds from a key to the next image on the screen."""
    page.evaluate(WATCH, "#stage img")
    page.keyboard.press("7")
    taken: float = page.evaluate("window.measured")
    page.wait_for_timeout(150)  # a person looks at the image, if only for a moment
    return taken


def rounds(photos: Path, count: int, tell: Callable[[bytes], str]) -> Row:
    """Seconds from the last answer of a query to the first image of the next one, with the rows of
    the encoder in the cache, and what of it the round itself took.

    The encoder sees small images, which makes the rows soon and changes nothing of this.
    """
    with served(photos, "rounds", "embedding.size=32") as address:
        person = ScriptedPerson(address, tell)
        person.answer_until(lambda state: bool(state["runs"][0]["rounds"]), PATIENCE)
        taken = [until_next_query(person) for _ in range(count)]
    record = photos.parent / "outputs" / "rounds" / "rounds.jsonl"
    lines = [json.loads(line) for line in record.read_text().splitlines()][1:]
    work = [line["train_seconds"] + line["eval_seconds"] + line["score_seconds"] for line in lines]
    return {
        NEXT: median(taken),
        WORK: median(work),
        "_seconds": taken,
        "_work": work,
    }


def until_next_query(person: ScriptedPerson) -> float:
    """Answers the query that is asked; seconds from its last answer to the next query."""
    is_asked = lambda state: not state["training"] and state["lacking"] > 0  # noqa: E731
    state = person.wait(is_asked, PATIENCE)
    done = len(state["runs"][0]["rounds"])
    person.answer(state["lacking"])
    start = time.perf_counter()
    is_next = lambda state: len(state["runs"][0]["rounds"]) > done and state["lacking"] > 0  # noqa: E731
    person.wait(is_next, PATIENCE)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
