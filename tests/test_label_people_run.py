"""Runs that several people label: what they agree on is trained on, and a replay repeats it."""

import json
import time

import pytest

pytest.importorskip("fastapi", reason="the page is an extra: pip install -e .[label]")

from experiment import equal, record_of, weights_of
from label_person import CLASSES, Person, seen
from label_runs import events, served, waiting

from askwell.command.page.asking import Asking
from askwell.command.page.labels import labels_of
from askwell.command.page.session import Session
from askwell.opinions import Consensus
from askwell.oracle.events import current

SMALL = ("protocol=retrain", "protocol.epochs_per_round=1", "rounds=2")
PAGE = ("oracle=page", "answers_dir=answers", *SMALL)


def mistaken(content, one):
    """What somebody says who takes every second image for the next class."""
    word = seen(content)
    return CLASSES[(CLASSES.index(word) + 1) % 3] if int(one, 16) % 2 else word


def work(person, errs=False):
    """Answers the next image; whether there was one."""
    for item in person.queue[:1]:
        content = person.get(f"/image/{item['id']}")
        word = mistaken(content, item["id"]) if errs else seen(content)
        assert person.say(person.event(item["id"], word))["refused"] == []
        return True
    return False


def decide(person):
    """Decides in Review what is left: that the second person is right."""
    for tie in json.loads(person.get("/api/people"))["ties"]:
        person.say(person.event(tie["id"], tie["said"][1][1], mode="review"))


def label(folder, people):
    """Answers the pending query by people who come and go: bob errs. Ann decides where
    there is no third."""
    while True:
        with served(folder, people=people, overlap=0.6) as addresses:
            ann, *others = [Person(address) for address in addresses.values()]
            for _ in range(3):
                work(ann)
                for one in others:
                    work(one, errs=one is others[0])
            if len(people) == 2:
                decide(ann)
            if not ann.state["lacking"]:
                return


@pytest.mark.parametrize("people", [("ann", "bob"), ("ann", "bob", "cy")])
def test_a_replay_repeats_a_run_with_overlap_and_ties(program, tmp_path, people):
    folder = tmp_path / "outputs" / "run"
    for round in range(2):
        with pytest.raises(SystemExit, match="75"):
            program(*PAGE, *(["resume=true"] if round else []))
        label(folder, people)
    program(*PAGE, "resume=true")
    said = events(folder)
    opinions = Consensus.of(said).images.values()
    assert any(len({event["answer"] for event in one.given.values()}) > 1 for one in opinions)
    assert any(event.get("decides") for event in said) == (len(people) == 2)
    words = {one.index: one.label for one in labels_of(folder)}
    rows = [row.split(",") for row in (folder / "queries.csv").read_text().splitlines()[1:]]
    assert [words[int(row[1])] for row in rows] == [CLASSES[int(row[2])] for row in rows]
    program("oracle=replay", f"oracle.run={folder}", "name=replayed", *SMALL)
    other = tmp_path / "outputs" / "replayed"
    assert record_of(folder) == record_of(other)
    assert equal(weights_of(folder), weights_of(other))


def labelled(folder, people=("ann", "bob", "cy")):
    """What three people agree on, two of whom err, from what the files hold so far on."""
    session = Session([Asking(folder)], people, overlap=1)
    while any(
        item
        for place, person in enumerate(people)
        for item in session.queue(person, time.monotonic())[:1]
        if say(session, person, item["id"], place)
    ):
        pass
    return current(events(folder))


def say(session, person, one, place):
    number = int(one[8:], 16)
    word = CLASSES[(number + (place == number % 3)) % 3]
    said = {"uid": f"{person} {one}", "id": one, "kind": "label", "answer": word}
    taken, _ = session.answer([said], person, time.monotonic())
    return taken


def test_killed_after_any_byte_what_people_agree_on_is_the_same(tmp_path):
    whole = labelled(waiting(tmp_path / "whole"))
    content = (tmp_path / "whole" / "answers.jsonl").read_bytes()
    assert whole == {index: CLASSES[index % 3] for index in range(1, 7)}
    for size in range(0, len(content), 97):
        folder = waiting(tmp_path / f"{size}")
        (folder / "answers.jsonl").write_bytes(content[:size])
        assert labelled(folder) == whole
