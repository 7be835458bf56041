"""The picture of the labelling page in the README: `python -m bench.picture` makes docs/label.png.

The demo's scripted person labels the digits that come with the installation; the picture is taken
once the network suggests classes. It needs Debian's chromium.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).parents[1] / "docs" / "label.png"
WIDTH, HEIGHT = 1100, 640
SECONDS = 900
READY = "!state.training && state.labels >= 120 && state.runs[0].rounds.length > 3"
"""All answers of the scripted person are given, and the last network has spoken."""
SUGGESTED = "queue.length > 3 && queue[0].guesses.length > 0 && queue[0].guesses[0][1] < 0.9"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=PICTURE)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        demo = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from askwell.command.cli import main; main()",
                "demo",
                "--watch",
            ],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        try:
            assert demo.stdout is not None
            take(demo.stdout.readline().strip(), chosen.output)
        finally:
            demo.terminate()
            demo.wait()
    print(f"{chosen.output}: {chosen.output.stat().st_size // 1000} kB")


def take(address: str, file: Path) -> None:
    """Takes the picture of the page at `address` when the network has learned something."""
    with sync_playwright() as session:
        browser = session.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(address)
        wait(page, READY)
        while not page.evaluate(SUGGESTED):  # of some images the suggestion is hidden
            page.keyboard.press(",")
            wait(page, "outbox.length === 0 && queue.length > 3")
        page.wait_for_timeout(500)
        page.screenshot(path=file)
        browser.close()


def wait(page: Any, expression: str) -> None:
    """Waits until an expression is true in the page."""
    end = time.monotonic() + SECONDS
    while not page.evaluate(expression):
        if time.monotonic() > end:
            sys.exit(f"the page did not come to {expression}")
        page.wait_for_timeout(200)


if __name__ == "__main__":
    main()
