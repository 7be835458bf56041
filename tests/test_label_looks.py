"""What the page shows is whole and can be told apart, at any width."""

import json

import pytest

pytest.importorskip("fastapi", reason="the page is an extra: pip install -e .[label]")

from label_browser import until
from label_runs import served, waiting

# Playwright keeps an event loop of its own in this thread.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]

WIDTHS = (360, 800, 1280)
CUT = """(name) => [...document.querySelectorAll(name)]
    .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)"""

OUTSIDE = """(name) => { const left = document.querySelector(name).getBoundingClientRect().left;
    return [...document.querySelectorAll(`${name} text`)]
    .filter((one) => one.getBoundingClientRect().left < left).map((one) => one.textContent); }"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "classes",
    [
        [f"species of the genus {number}" for number in range(300)],
        ["yes", "no", "a name of thirty characters, yes"],
        list("1234567890"),
    ],
)
def test_names_that_differ_at_their_ends_are_shown_whole(tmp_path, opened, classes, width):
    run = waiting(tmp_path / "run", classes=classes)
    with served(run) as addresses:
        page = opened(addresses["ada"], width=width)
        assert page.locator("#classes .name").count() == len(classes)
        assert page.evaluate(CUT, "#classes .name") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_ten_short_classes_and_all_other_answers_fit_without_scrolling(tmp_path, opened):
    with served(waiting(tmp_path / "run", classes=list("1234567890"))) as addresses:
        page = opened(addresses["ada"], width=1100, height=640)
        for button in page.locator("#side button:visible").all():
            box = button.bounding_box()
            assert box["y"] + box["height"] <= 640
        assert page.evaluate("by('classes').scrollHeight <= by('classes').clientHeight")
        assert page.evaluate("by('side').scrollHeight <= by('side').clientHeight")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_axis_of_the_curve_and_the_heads_of_tables_are_whole(tmp_path, opened, width):
    run = waiting(tmp_path / "run", classes=["ash", "a name of thirty characters, yes"])
    with served(run) as addresses:
        page = opened(addresses["ada"], width=width)
        page.click("#to-results")
        # In one step: the curve is drawn anew every other second.
        assert page.evaluate(OUTSIDE, "#curves svg") == []
        heads = page.locator("#results thead th").all()
        assert len({head.bounding_box()["height"] for head in heads}) == 1
        assert heads[0].bounding_box()["height"] < 48  # one line


def test_what_waits_in_review_is_counted(tmp_path, opened):
    run = waiting(tmp_path / "run")
    row = {"index": 9, "image": 32 * "9", "name": "9.png", "answer": "ash", "neighbours": []}
    row |= {"guesses": [["birch", 0.9]], "why": {"doubted": True}}
    (run / "review.json").write_text(json.dumps({"images": [row]}))
    with served(run) as addresses:
        page = opened(addresses["ada"])
        page.click("#to-review >> text=/^Review \\(1\\)$/")
        page.wait_for_selector("#doubt img")
        page.keyboard.press("Enter")
        page.wait_for_selector("#to-review >> text=/^Review$/")


def test_one_label_and_one_answer_are_called_so(tmp_path, opened):
    with served(waiting(tmp_path / "run")) as addresses:
        page = opened(addresses["ada"])
        page.keyboard.press("1")
        until(page, "!outbox.length && by('progress').textContent.startsWith('1 label ·')")
        page.route("**/api/**", lambda route: route.abort())
        page.keyboard.press("1")
        page.wait_for_selector("text=The server is away. 1 answer is kept here and will be sent.")


def test_before_there_are_classes_no_view_is_offered(tmp_path, opened):
    with served(waiting(tmp_path / "run", [], classes=[])) as addresses:
        page = opened(addresses["ada"], ready="header")
        page.evaluate("state = {...state, ready: false}; show()")
        assert page.locator("#names").is_visible()
        assert page.locator("nav").is_hidden()
