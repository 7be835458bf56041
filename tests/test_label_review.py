"""The view Review: what deserves a second look, one key an answer."""

import json

import pytest

pytest.importorskip("fastapi", reason="the page is an extra: pip install -e .[label]")

from axe import serious_findings
from label_browser import until
from label_person import Person
from label_runs import events, fingerprint, served, waiting

from askwell.oracle.events import AnswerLog, current


def row(index, answer, why, near=(4, 5, 6)):
    named = {"index": index, "image": fingerprint(index), "name": f"{index}.png", "answer": answer}
    guesses = [["birch", 0.93], ["ash", 0.05], ["cedar", 0.02]]
    others = [
        {"index": one, "image": fingerprint(one), "name": f"{one}.png", "answer": "birch"}
        for one in near
    ]
    return {**named, "guesses": guesses, "why": why, "neighbours": others}


@pytest.fixture
def run(tmp_path):
    """A run that asks about 7 to 12, after answers to 1 to 6."""
    folder = waiting(tmp_path / "run", range(1, 13))
    asked = json.loads((folder / "asked.json").read_text())
    asked["images"] = [one for one in asked["images"] if one["index"] > 6]
    (folder / "asked.json").write_text(json.dumps(asked))
    said = [("label", "ash"), ("label", "ash"), ("cannot tell", None), *3 * [("label", "birch")]]
    lines = [
        {"index": index, "image": fingerprint(index), "name": f"{index}.png", "kind": kind}
        | ({} if word is None else {"answer": word})
        | {"by": "ada", "seconds": 2.0, "mode": "single"}
        for index, (kind, word) in enumerate(said, start=1)
    ]
    (folder / "answers.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    rows = [
        row(1, "ash", {"doubted": True}),
        row(2, "ash", {"fast": [0.8, 2.1]}),
        row(3, "cannot tell", {"cannot tell": True}),
    ]
    (folder / "review.json").write_text(json.dumps({"images": rows}))
    return folder


def listed(person):
    return [one["id"] for one in json.loads(person.get("/api/review"))["images"]]


def test_what_was_looked_at_again_or_is_open_is_not_listed(run):
    with served(run) as addresses:
        ada = Person(addresses["ada"])
        assert listed(ada) == [fingerprint(one) for one in (1, 2, 3)]
        ada.say(ada.event(fingerprint(1), "birch", mode="review"))
        ada.say(ada.event(fingerprint(2), "birch"))
        assert listed(ada) == [fingerprint(one) for one in (2, 3)]
    assert events(run)[6]["answer"] == "birch"


def test_images_that_nobody_was_asked_about_are_shown_beside_the_answer(run):
    rows = [row(1, "ash", {"doubted": True}, near=(99,))]
    (run / "review.json").write_text(json.dumps({"images": rows}))
    (run / "asked" / "99.png").write_bytes((run / "asked" / "1.png").read_bytes())
    with served(run) as addresses:
        ada = Person(addresses["ada"])
        (one,) = json.loads(ada.get("/api/review"))["images"]
        assert ada.get(f"/image/{one['neighbours'][0]['id']}") == ada.get(f"/image/{one['id']}")


def test_an_answer_in_review_is_taken_by_a_page_that_started_since(run):
    (run / "review.json").write_text(json.dumps({"images": [row(99, "ash", {"doubted": True})]}))
    with served(run) as addresses:
        ada = Person(addresses["ada"])
        ada.say(ada.event(fingerprint(99), "birch", mode="review"))
    assert events(run)[-1]["answer"] == "birch"


@pytest.fixture
def page(run, opened):
    with served(run) as addresses:
        page = opened(addresses["ada"])
        page.click("#to-review")
        page.wait_for_selector("#doubt img")
        yield page


def said(page, run, count):
    until(page, "outbox.length === 0 && !sending")
    found = events(run)[6:]
    assert len(found) == count
    return [(event["index"], event.get("answer", event["kind"]), event["mode"]) for event in found]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_one_key_keeps_or_changes_an_answer_and_undo_takes_it_back(page, run):
    words = "You said ash. The network, trained without this answer, takes it for birch (93 %)."
    assert page.locator("#doubt-why").inner_text() == words
    page.keyboard.press(".")
    assert "Answered in 0.8 s, where you usually took 2.1 s." in page.inner_text("#doubt-why")
    page.keyboard.press("Enter")
    assert page.inner_text("#doubt-why").startswith("Nobody could tell what this is.")
    page.keyboard.press("3")
    assert page.inner_text("#doubt-title") == "Every answer that was listed got a second look."
    page.keyboard.press("Backspace")
    page.keyboard.press(" ")
    assert said(page, run, 5) == [
        *((1, "birch", "review"), (2, "ash", "review"), (3, "cedar", "review")),
        *((3, "cannot tell", "single"), (3, "cannot tell", "review")),
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_mouse_does_all_of_it(page, run):
    page.click("#doubt-later")
    assert "0.8 s" in page.inner_text("#doubt-why")
    page.click("#doubt-keep")
    page.click("#doubt-other")
    page.click("#classes button:has-text('cedar')")
    page.wait_for_selector("#review:not([hidden])")
    page.click("#doubt-change")
    assert said(page, run, 3) == [
        *((2, "ash", "review"), (3, "cedar", "review"), (1, "birch", "review")),
    ]
    page.click("#doubt-undo")
    assert page.inner_text("#doubt-title") == "A second look (1)"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("width", [1000, 360])
def test_the_second_look_is_open_to_all_and_fits(run, opened, width):
    with served(run) as addresses:
        page = opened(addresses["ada"], width=width, height=700)
        page.click("#to-review")
        page.wait_for_selector("#doubt-near img >> nth=2")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert serious_findings(page) == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_among_several_undo_brings_back_the_answer_that_there_was(run, opened):
    named = {"kind": "people", "people": ["ada", "bob"], "overlap": 0.0, "at": "2026"}
    with (run / "answers.jsonl").open("a") as file:
        file.write(json.dumps(named) + "\n")
    rows = [row(7, "ash", {"doubted": True}), row(8, "ash", {"doubted": True}), row(1, "ash", {})]
    (run / "review.json").write_text(json.dumps({"images": rows}))
    with served(run, people=("ada", "bob")) as addresses:
        for who, index in (("ada", 7), ("bob", 8)):
            person = Person(addresses[who])
            person.say(person.event(fingerprint(index), "ash"))
        page = opened(addresses["ada"])
        page.click("#to-review")
        page.wait_for_selector("#doubt img")
        for key in ("2", "2", "2", *3 * ["Backspace"]):
            page.keyboard.press(key)
        until(page, "outbox.length === 0 && !sending")
    log = AnswerLog(run / "answers.jsonl").read()
    assert {index: current(log).get(index) for index in (7, 8, 1)} == {7: "ash", 8: "ash", 1: "ash"}
    assert {event["kind"] for event in log[-3:]} == {"label", "undo"}
