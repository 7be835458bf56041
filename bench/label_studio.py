"""An answer on the page of `askwell label` and in Label Studio: the same images, one browser.

Label Studio runs in an environment of its own:

    python -m venv peer && peer/bin/pip install label-studio==1.23.0
    peer/bin/label-studio start --no-browser --port 8099 \\
        --username a@example.org --password PASSWORD
    LABEL_STUDIO_PASSWORD=PASSWORD python -m bench.label_studio

What is measured is the time from the last key or click of an answer until the next image is on the
screen. Both have a server on this machine; the two take turns, answer by answer.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from askwell.command.demo import CLASSES, write_digits
from bench.publishing import Row, publish

VIEW = {"width": 1280, "height": 800}
WAIT = 180_000
WATCH = """(selector) => {
  const before = document.querySelector(selector).src;
  let last = performance.now();
  for (const kind of ["keydown", "pointerdown"])
    addEventListener(kind, () => { last = performance.now(); }, {capture: true});
  window.measured = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("no next image in 30 s")), 30000);
    const look = () => {
      const image = document.querySelector(selector);
      if (image && image.src !== before && image.complete && image.naturalWidth)
        requestAnimationFrame(() => resolve(performance.now() - last));
      else requestAnimationFrame(look);
    };
    look();
  });
}"""
ASKED = "async () => (await (await fetch('/api/state')).json()).runs[0].status === 'waiting'"
CONFIG = (
    '<View><Image name="image" value="$image"/><Choices name="choice" toName="image">'
    + "".join(f'<Choice value="{name}" hotkey="{name}"/>' for name in CLASSES)
    + "</Choices></View>"
)

Do = Callable[[Page], None]


@dataclass
class Contender:
    """A page that shows images, and what one does there to answer "7"."""

    name: str
    page: Page
    image: str  # the selector of the image on the screen
    keys: Do
    clicks: Do
    keys_count: int
    clicks_count: int

    def measure(self, answer: Do) -> float:
        """Milliseconds from the last key or click to the next image."""
        self.page.evaluate(WATCH, self.image)
        answer(self.page)
        taken: float = self.page.evaluate("window.measured")
        self.page.wait_for_timeout(150)  # a person looks at the image, if only for a moment
        return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", type=int, default=40, help="by keys, and as many by clicks")
    parser.add_argument("--address", default="http://127.0.0.1:8099", help="of Label Studio")
    parser.add_argument("--user", default="a@example.org")
    parser.add_argument("--quick", action="store_true", help="5 answers, and no file")
    parser.add_argument("--output", type=Path, help="results/label_studio.json otherwise")
    chosen = parser.parse_args()
    count = 5 if chosen.quick else chosen.answers
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as session:
        digits = Path(folder) / "digits"
        write_digits(digits)
        for file in sorted(digits.iterdir())[4 * count :]:
            file.unlink()
        browser = session.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        with askwell(browser, digits, count) as own:
            peer = label_studio(browser, chosen.address, chosen.user, digits, 2 * count + 1)
            rows = compared([peer, own], count)
        browser.close()
    publish("label_studio", "From an answer to the next image on the screen", rows, chosen)


def compared(contenders: list[Contender], count: int) -> list[Row]:
    """A row for each contender and way to answer; the first answer of each is not counted."""
    taken: dict[tuple[str, str], list[float]] = {}
    for _ in range(count):
        for one in contenders:
            for way, answer in (("keys", one.keys), ("clicks", one.clicks)):
                taken.setdefault((one.name, way), []).append(one.measure(answer))
    steps = {one.name: {"keys": one.keys_count, "clicks": one.clicks_count} for one in contenders}
    return [
        {
            "page": name,
            "by": way,
            "an answer takes": steps[name][way],
            "median ms": statistics.median(times[1:]),
            "95 % below, ms": statistics.quantiles(times[1:], n=20)[-1],
            "_milliseconds": times,
        }
        for (name, way), times in taken.items()
    ]


@contextmanager
def askwell(browser: Browser, digits: Path, count: int) -> Iterator[Contender]:
    """`askwell label` on the digits; it asks for more than is answered, so that nothing trains."""
    sizes = [f"dataset.evaluation_size={count}", f"query_size={2 * count}"]
    words = ["label", str(digits), "--classes", ",".join(CLASSES), "--no-browser", *sizes]
    process = subprocess.Popen(
        [sys.executable, "-c", "from askwell.command.cli import main; main()", *words],
        cwd=digits.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        page = browser.new_context(viewport=VIEW).new_page()  # type: ignore[arg-type]
        page.set_default_timeout(WAIT)
        page.goto(process.stdout.readline().strip())
        page.wait_for_selector("#stage img")
        page.wait_for_function(ASKED, polling=500)  # only the evaluation sample until then
        yield Contender(
            "askwell label",
            page,
            "#stage img",
            keys=lambda page: page.keyboard.press("7"),
            clicks=lambda page: page.click("#classes button[data-name='7']"),
            keys_count=1,
            clicks_count=1,
        )
    finally:
        process.terminate()
        process.wait()


def label_studio(browser: Browser, address: str, user: str, digits: Path, count: int) -> Contender:
    """A new project of Label Studio with so many of the digits, opened to label all tasks."""
    context = browser.new_context(viewport=VIEW)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.goto(f"{address}/user/login/", wait_until="domcontentloaded")
    page.fill("input[name=email]", user)
    page.fill("input[name=password]", os.environ["LABEL_STUDIO_PASSWORD"])
    page.click("button[type=submit]")
    page.wait_for_selector("text=Create Project")
    token = next(one["value"] for one in context.cookies() if one["name"] == "csrftoken")
    headers = {"X-CSRFToken": token, "Referer": address}
    content = {"title": "digits", "label_config": CONFIG}
    made = context.request.post(f"{address}/api/projects/", data=content, headers=headers).json()
    for file in sorted(digits.iterdir())[:count]:
        part: Any = {"name": file.name, "mimeType": "image/png", "buffer": file.read_bytes()}
        place = f"{address}/api/projects/{made['id']}/import"
        sent = context.request.post(place, multipart={"file": part}, headers=headers)
        assert sent.ok, sent.text()
    page.goto(f"{address}/projects/{made['id']}/data?labeling=1", wait_until="commit")
    page.wait_for_selector("img[alt=image]")
    page.wait_for_timeout(3000)

    def keys(page: Page) -> None:
        page.keyboard.press("7")
        page.keyboard.press("Control+Enter")

    def clicks(page: Page) -> None:
        page.click(".lsf-choices label:has(input[name='7'])")
        page.click("[data-testid=bottombar-submit-button]")

    return Contender(
        f"Label Studio {version(page, address)}",
        page,
        "img[alt=image]",
        keys,
        clicks,
        keys_count=2,  # the class, and Control with Enter
        clicks_count=2,  # the class, and Submit
    )


def version(page: Page, address: str) -> str:
    return str(page.context.request.get(f"{address}/api/version").json()["release"])


if __name__ == "__main__":
    main()
