"""Several people in real browsers: a tie is decided in Review, and Results tells who agrees."""

import pytest

pytest.importorskip("fastapi", reason="the page is an extra: pip install -e .[label]")

from axe import AXE, serious_findings
from label_browser import until
from label_person import Person
from label_runs import events, fingerprint, served, waiting

# Playwright keeps an event loop of its own in this thread.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]
LOOKS = {"wide": {"width": 1280, "height": 800}, "narrow": {"width": 390, "height": 844}}


@pytest.fixture
def run(tmp_path):
    return waiting(tmp_path / "run", range(1, 7))


@pytest.mark.parametrize("look", LOOKS)
def test_a_tie_is_decided_in_review_and_the_results_tell_who_agrees(run, opened, look):
    with served(run, people=("ann", "bob"), overlap=1) as addresses:
        bob = Person(addresses["bob"])
        for index, word in enumerate(("ash", "birch", "cedar"), start=1):
            bob.say(bob.event(fingerprint(index), word))
        page = opened(addresses["ann"], **LOOKS[look])
        assert page.locator("#progress").inner_text().startswith("ann · ")
        for key in ("1", "2", "2"):
            page.keyboard.press(key)
        page.click("#to-review >> text=Review (1)")
        page.click("#tie-tiles >> text=bob: cedar")
        said = "bob: cedar · ann: birch · your answer decides"
        assert page.locator("#stage .why").inner_text() == said
        page.keyboard.press("3")
        page.wait_for_selector("#to-review >> text=/^Review$/")
        assert page.locator("#ties").is_hidden()
        assert page.locator("#answers >> text=ann, 2 of 2").count() == 2
        page.click("#to-results")
        page.wait_for_selector("#people-say >> text=Cohen's kappa is 0.50")
        text = page.locator("#people-say").inner_text()
        assert "Of 3 images that two people answered they agreed on 2 (67 %)" in text
        assert page.locator("#people-tables .wrong").all_inner_texts() == ["1"]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert not AXE.exists() or serious_findings(page) == []
    assert [event.get("decides") for event in events(run)][-1] is True


def test_answers_of_somebody_else_in_the_same_browser_are_not_sent_as_ones_own(run, opened):
    with served(run, people=("ann", "bob")) as addresses:
        ann = opened(addresses["ann"])
        bob = ann.context.new_page()
        bob.goto(addresses["bob"])
        bob.wait_for_selector("#stage img")
        ann.keyboard.press("1")
        ann.wait_for_selector("text=To label as ann, open the address of ann again.")
        bob.keyboard.press("2")
        until(bob, "outbox.every((one) => one.by === 'ann')")
        assert [event["by"] for event in events(run)[1:]] == ["bob"]
        bob.close()
        ann.goto(addresses["ann"])
        until(ann, "me === 'ann' && outbox.length === 0")
    assert [event["by"] for event in events(run)[1:]] == ["bob", "ann"]


def test_the_page_says_who_is_waited_for_and_that_ties_are_left(tmp_path, opened):
    run = waiting(tmp_path / "run", range(1, 4), evaluation=[1, 2])
    with served(run, people=("ann", "bob"), overlap=1) as addresses:
        page, bob = opened(addresses["ann"]), Person(addresses["bob"])
        for _ in range(3):
            page.keyboard.press("1")
        page.wait_for_selector("text=bob has yet to answer the last images of this query.")
        for index in (1, 2, 3):
            bob.say(bob.event(fingerprint(index), "cedar"))
        page.wait_for_selector("text=All that is left are images on which people differ.")
        assert sorted(event["by"] for event in events(run)[1:]) == 3 * ["ann"] + 3 * ["bob"]
