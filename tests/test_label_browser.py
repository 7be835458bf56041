"""The page in a real browser: by keys, by mouse, by touch, and while the server is away."""

import re
import time
from urllib.parse import urlsplit

import pytest

pytest.importorskip("fastapi", reason="the page is an extra: pip install -e .[label]")

from label_browser import until
from label_person import CLASSES
from label_runs import events, fingerprint, served, waiting

# Playwright keeps an event loop of its own in this thread.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
def run(tmp_path):
    return waiting(tmp_path / "run", range(1, 13))


@pytest.fixture
def page(run, opened):
    with served(run) as addresses:
        yield opened(addresses["ada"])


def on_screen(page):
    return page.locator("#stage img").get_attribute("src").rpartition("/")[2]


def said(run, count):
    """The answers in the run's file, once there are so many."""
    end = time.monotonic() + 10
    while not (run / "answers.jsonl").exists() or len(events(run)) < count:
        assert time.monotonic() < end
        time.sleep(0.02)
    return [(event["index"], event.get("answer", event["kind"])) for event in events(run)]


def test_the_token_leaves_the_address_bar(page):
    assert urlsplit(page.url).query == ""


def test_keys_alone_do_everything(page, run):
    for key in ("2", "3", " ", "-", "*", ",", "Backspace", "1"):
        page.keyboard.press(key)
    assert said(run, 8) == [
        *((1, "birch"), (2, "cedar"), (3, "cannot tell"), (4, "none of these"), (5, "broken")),
        *((6, "later"), (5, "undo"), (5, "ash")),
    ]


def test_enter_takes_the_suggestion_that_is_shown_and_nothing_where_none_is(page, run):
    page.keyboard.press("Enter")  # of the first image the suggestion is hidden
    assert page.locator("#guesses").inner_text() == "The suggestion is hidden for this image."
    for _ in range(3):
        page.keyboard.press("1")
    page.keyboard.press("Enter")
    assert said(run, 4)[-1] == (4, "birch")
    assert events(run)[-1]["seen"] is True
    assert events(run)[0]["seen"] is False


def test_undo_goes_back_to_the_very_first_answer(page, run):
    for key in 5 * ["1"] + 6 * ["Backspace"]:
        page.keyboard.press(key)
    assert said(run, 10)[5:] == [(index, "undo") for index in (5, 4, 3, 2, 1)]
    assert on_screen(page) == fingerprint(1)
    assert "nothing to undo" in page.locator("#notice").inner_text()


def test_undo_reaches_behind_a_reload(page, run):
    page.keyboard.press("1")
    said(run, 1)
    page.reload()
    page.wait_for_selector("#stage img")
    until(page, "past.length === 1")
    page.keyboard.press("Backspace")
    assert said(run, 2)[-1] == (1, "undo")


def test_the_mouse_alone_does_everything(page, run):
    page.click("#classes button:has-text('cedar')")
    page.click("#others >> text=Cannot tell")
    page.click("#others >> text=None of these")
    page.click("#others >> text=Broken")
    page.click("#others >> text=Later")
    page.click("#others >> text=Undo")
    page.dblclick("#stage img")
    assert page.locator("#zoom").get_attribute("aria-pressed") == "true"
    page.click("#zoom")
    assert said(run, 6) == [
        *((1, "cedar"), (2, "cannot tell"), (3, "none of these"), (4, "broken")),
        *((5, "later"), (4, "undo")),
    ]


def test_touch_on_a_phone_does_everything(run, opened):
    with served(run) as addresses:
        phone = {"has_touch": True, "is_mobile": True}
        page = opened(addresses["ada"], **phone)
        page.set_viewport_size({"width": 360, "height": 640})
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360
        page.tap("#classes button:has-text('ash')")
        page.tap("#others >> text=Cannot tell")
        page.tap("#others >> text=Undo")
        assert said(run, 3) == [(1, "ash"), (2, "cannot tell"), (2, "undo")]
        for button in page.locator("#one button:visible").all():
            assert button.bounding_box()["height"] >= 44


def test_the_next_image_is_on_the_screen_before_the_server_has_answered(page, run):
    page.wait_for_function(f"pictures.get('{fingerprint(3)}')?.complete")
    page.route("**/api/answers", lambda route: None)  # never answered
    page.keyboard.press("1")
    page.keyboard.press("1")
    assert on_screen(page) == fingerprint(3)
    assert page.evaluate("document.querySelector('#stage img').complete")
    assert not (run / "answers.jsonl").exists()


def test_answers_are_kept_while_the_server_is_away_and_sent_once_it_is_back(page, run):
    page.route("**/api/**", lambda route: route.abort())
    page.keyboard.press("1")
    page.keyboard.press("2")
    page.wait_for_selector("text=The server is away. 2 answers are kept here")
    page.reload()  # what is kept outlives the page
    page.unroute("**/api/**")
    page.reload()
    assert said(run, 2) == [(1, "ash"), (2, "birch")]
    assert len(events(run)) == 2


def test_an_answer_whose_confirmation_was_lost_counts_once(page, run):
    lost = []

    def lose(route):
        if not lost:
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    page.route("**/api/answers", lose)
    page.keyboard.press("1")
    until(page, "outbox.length === 0")
    assert said(run, 1) == [(1, "ash")]
    assert (len(lost), len(events(run))) == (1, 1)


def test_two_tabs_and_a_double_click_count_an_image_once(run, opened):
    with served(run) as addresses:
        one, other = opened(addresses["ada"]), opened(addresses["ada"])
        one.dblclick("#classes button:has-text('ash')")
        assert said(run, 1) == [(1, "ash")]
        until(other, f"queue[0].id === '{fingerprint(2)}'")
        other.keyboard.press("2")
        until(one, f"queue[0].id === '{fingerprint(3)}'")
        assert said(run, 2) == [(1, "ash"), (2, "birch")]


def test_the_back_button_loses_no_answer_and_asks_nothing_twice(page, run):
    page.keyboard.press("1")
    said(run, 1)
    page.go_back()
    page.go_forward()
    page.wait_for_selector("#stage img")
    assert on_screen(page) == fingerprint(2)
    page.keyboard.press("2")
    assert said(run, 2) == [(1, "ash"), (2, "birch")]


def test_every_view_is_reached_by_keys_alone(page):
    for name in ("grid", "review", "results"):
        page.keyboard.press("Tab")
        while page.evaluate("document.activeElement.id") != f"to-{name}":
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.locator(f"#{name}").is_visible()
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Enter")
    assert page.locator("#help").is_hidden()


def test_the_mouse_alone_confirms_a_page_of_the_grid(page, run):
    page.click("#to-grid")
    page.select_option("#grid-class", "cedar")
    page.click("#tick")
    page.click("#tiles button >> nth=2")
    page.click("#confirm")
    assert [word for _, word in said(run, 1)] == ["cedar"]


def test_the_grid_confirms_what_is_alike_but_the_odd_ones_out(page, run):
    page.keyboard.press("#")
    tiles = page.locator("#tiles button")
    assert tiles.count() == 9  # the three whose suggestion is hidden are asked one by one
    tiles.nth(1).click()
    tiles.nth(3).click(modifiers=["Shift"])
    page.keyboard.press("Enter")
    answers = said(run, 6)
    assert {word for _, word in answers} == {"birch"}
    assert {event["mode"] for event in events(run)} == {"grid"}
    assert len(answers) == 6


def test_the_class_list_is_searched(tmp_path, opened):
    names = [f"class {number}" for number in range(300)]
    run = waiting(tmp_path / "run", classes=names)
    with served(run) as addresses:
        page = opened(addresses["ada"])
        page.keyboard.press("/")
        page.keyboard.type("class 27")
        assert page.locator("#classes button").count() == 11
        page.keyboard.press("Enter")
        assert said(run, 1) == [(1, "class 27")]


def test_the_last_of_many_classes_is_reached_by_the_mouse(tmp_path, opened):
    run = waiting(tmp_path / "run", classes=[f"class {number}" for number in range(300)])
    with served(run) as addresses:
        page = opened(addresses["ada"])
        page.click("#classes button >> text=class 299")
        assert said(run, 1) == [(1, "class 299")]


def test_names_are_text_and_never_markup(tmp_path, opened):
    names = [
        "<img src=x onerror=alert(1)>",
        "<script>alert(2)</script>",
        "🦊 'x\" &amp;",
        "a  b\nc",
    ]
    run = waiting(tmp_path / "run", classes=names)
    with served(run) as addresses:
        page = opened(addresses["ada"])
        shown = [name.text_content() for name in page.locator("#classes .name").all()]
        assert shown == names
        page.keyboard.press("1")
        assert said(run, 1) == [(1, names[0])]
        for view in ("grid", "review", "results"):
            page.click(f"#to-{view}")
            time.sleep(0.3)
        assert page.locator("#class-rows td").first.text_content() == names[0]


def test_an_answer_is_given_again_from_the_review(page, run):
    page.keyboard.press("1")
    page.keyboard.press("1")
    said(run, 2)
    page.click("#to-review")
    page.click("[aria-label='Answer again: ash'] >> nth=1")
    assert on_screen(page) == fingerprint(1)
    page.keyboard.press("3")
    assert said(run, 3)[-1] == (1, "cedar")


def test_keys_in_a_field_are_text(page, run):
    page.keyboard.press("/")
    page.keyboard.type("123")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    assert said(run, 1) == [(1, "birch")]


def test_dark_and_light_differ(run, opened):
    grounds = []
    with served(run) as addresses:
        for scheme in ("light", "dark"):
            page = opened(addresses["ada"], color_scheme=scheme)
            grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    levels = [sum(map(int, re.findall(r"\d+", ground)[:3])) for ground in grounds]
    assert levels[0] > 600 > 150 > levels[1]


def test_the_classes_of_the_run_are_on_the_page(page):
    assert page.locator("#classes .name").all_text_contents() == list(CLASSES)
