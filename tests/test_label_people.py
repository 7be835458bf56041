"""Several people on one page: who is asked what, what they agree on, and that a run is repeated."""

import json

import pytest

pytest.importorskip("fastapi", reason="the page is an extra: pip install -e .[label]")

from label_person import Person
from label_runs import events, fingerprint, served, waiting

from askwell.command.export.tasks import export_label_studio
from askwell.command.page.access import people_of
from askwell.command.page.handout import LEASED, Handout, overlap_of
from askwell.command.page.labels import labels_of
from askwell.errors import UserError
from askwell.images.label_studio import read_tasks

FOUR = ("ann", "bob", "cy", "di")


@pytest.fixture
def run(tmp_path):
    return waiting(tmp_path / "run")


def people(addresses):
    return [Person(address) for address in addresses.values()]


def asked(person):
    return [int(item["id"][8:], 16) for item in person.queue]


def tell(person, *words, **facts):
    """Answers image 1, or the one of `index`."""
    index = facts.pop("index", 1)
    for word in words:
        assert person.say(person.event(fingerprint(index), word, **facts))["refused"] == []


def people_in(person):
    return json.loads(person.get("/api/people"))


# Who is asked what


def test_people_get_different_images_and_an_equal_share(run):
    with served(run, people=FOUR[:3]) as addresses:
        ann, bob, cy = people(addresses)
        assert asked(ann) == [1, 2, 3, 4, 5, 6]  # nobody else is there
        assert asked(bob) == [4, 5, 6]
        assert asked(ann) == [1, 2, 3]
        assert asked(cy) == [3, 6]
        assert [asked(one) for one in (ann, bob, cy)] == [[1, 2], [4, 5], [3, 6]]


def test_an_image_of_the_overlap_is_asked_of_two(run):
    with served(run, people=FOUR[:3], overlap=1) as addresses:
        ann, bob, cy = people(addresses)
        tell(ann, "ash")
        assert 1 not in asked(ann)
        assert asked(bob)[0] == 1
        assert 1 not in asked(cy)
        assert ann.state["labels"] == 0
        tell(bob, "ash")
        assert (ann.state["labels"], ann.state["ties"]) == (1, 0)
        assert all(1 not in asked(one) for one in (ann, bob, cy))


def test_of_a_smaller_overlap_the_images_are_those_of_their_pixels(tmp_path):
    run = waiting(tmp_path / "run")
    text = (run / "asked.json").read_text()
    (run / "asked.json").write_text(text.replace(fingerprint(2), "2" * 8 + "80000000" + 16 * "0"))
    with served(run, people=FOUR[:2], overlap=0.5) as addresses:
        ann, _ = people(addresses)
        ann.answer(6)
        assert ann.state["labels"] == 1


def test_a_tie_is_asked_of_a_third_and_the_majority_is_the_label(run):
    with served(run, people=FOUR[:3], overlap=1) as addresses:
        ann, bob, cy = people(addresses)
        tell(ann, "ash")
        tell(bob, "birch")
        assert (ann.state["labels"], ann.state["ties"]) == (0, 1)
        assert asked(cy)[0] == 1
        assert all(1 not in asked(one) for one in (ann, bob))
        tell(cy, "birch")
        assert (ann.state["counts"], ann.state["ties"]) == ({"birch": 1}, 0)
    (label,) = labels_of(run)
    assert (label.label, label.event["by"], label.agreed) == ("birch", "cy", "2 of 3")


def test_a_tie_of_two_is_decided_in_review_by_either_and_marked(run):
    with served(run, people=FOUR[:2], overlap=1) as addresses:
        ann, bob = people(addresses)
        tell(ann, "ash")
        tell(bob, "birch")
        assert people_in(bob)["ties"] == [
            {"id": fingerprint(1), "said": [["ann", "ash"], ["bob", "birch"]]}
        ]
        tell(bob, "ash", mode="review")
        assert (ann.state["counts"], people_in(bob)["ties"]) == ({"ash": 1}, [])
        assert people_in(bob)["agreed"] == 0  # a decision is no opinion
    assert [event.get("decides") for event in events(run)[1:]] == [None, None, True]
    (label,) = labels_of(run)
    assert (label.label, label.agreed) == ("ash", "decided")


def test_an_own_answer_that_is_given_again_stays_an_opinion(run):
    with served(run, people=FOUR[:2], overlap=1) as addresses:
        ann, bob = people(addresses)
        tell(ann, "ash", "birch", mode="review")
        tell(bob, "birch")
        assert ann.state["counts"] == {"birch": 1}
        (person, _) = people_in(ann)["people"]
        assert (person["name"], person["answers"], person["right"]) == ("ann", 1, 1)


def test_an_answer_is_taken_back_by_who_gave_it_alone(run):
    with served(run, people=FOUR[:2]) as addresses:
        ann, bob = people(addresses)
        tell(ann, "ash")
        tell(bob, "undo")
        assert ann.state["labels"] == 1
        tell(ann, "undo")
        assert ann.state["labels"] == 0


def test_the_last_answers_say_whose_they_are(run):
    with served(run, people=FOUR[:2], overlap=1) as addresses:
        ann, bob = people(addresses)
        tell(ann, "ash")
        tell(bob, "cedar", index=2)
        found = [json.loads(one.get("/api/history"))["answers"] for one in (ann, bob)]
    assert [[(one["answer"], one["mine"]) for one in answers] for answers in found] == [
        [("ash", True)],
        [("cedar", True)],
    ]


def test_what_was_answered_by_somebody_alone_is_shown_to_others_and_not_theirs_to_take_back(run):
    with served(run, people=FOUR[:1]) as addresses:
        tell(people(addresses)[0], "ash")
    with served(run, people=FOUR[:2], overlap=1) as addresses:
        _, bob = people(addresses)
        (answer,) = json.loads(bob.get("/api/history"))["answers"]
    assert (answer["answer"], answer["by"], answer["mine"]) == ("ash", "ann", False)


def test_a_browser_that_somebody_else_opened_meanwhile_is_not_believed(run):
    with served(run, people=FOUR[:2]) as addresses:
        ann, _ = people(addresses)
        said = {"answers": [ann.event(fingerprint(1), "ash")], "person": "bob"}
        status, answer = ann.post("/api/answers", said)
    assert (status, "open your own address again" in answer["error"]) == (409, True)
    assert [event["kind"] for event in events(run)] == ["people"]


# What is kept


def test_who_labels_and_the_overlap_are_recorded_once_as_long_as_they_stay(run):
    for names, overlap in (
        *((FOUR[:2], 0.1), (FOUR[:2], 0.1)),
        *((FOUR[:3], 0.1), (FOUR[:1], 0.0), (FOUR[:1], 0.0)),
    ):
        with served(run, people=names, overlap=overlap):
            pass
    noted = [(event["people"], event["overlap"]) for event in events(run)]
    expected = [(FOUR[:2], 0.1), (FOUR[:3], 0.1), (FOUR[:1], 0.0)]
    assert noted == [(list(names), overlap) for names, overlap in expected]


def test_of_somebody_alone_nothing_new_is_recorded(run):
    with served(run):
        pass
    assert not (run / "answers.jsonl").exists()


def test_what_waits_for_somebody_who_left_is_answered(run):
    with served(run, people=FOUR[:2], overlap=1) as addresses:
        tell(people(addresses)[0], "ash")
    with served(run, people=FOUR[:1]) as addresses:
        (ann,) = people(addresses)
        assert (ann.state["labels"], 1 in asked(ann)) == (1, False)


def test_two_runs_share_the_opinions_on_an_image(tmp_path):
    one, other = (waiting(tmp_path / name) for name in ("0", "1"))
    with served(one, people=FOUR[:2], overlap=1) as addresses:
        tell(people(addresses)[0], "ash")
    with served(one, other, people=FOUR[:2], overlap=1) as addresses:
        ann, bob = people(addresses)
        assert 1 not in asked(ann)
        tell(bob, "ash")
        assert ann.state["labels"] == 1
    found = [[(event.get("by"), event["kind"]) for event in events(run)] for run in (one, other)]
    assert [sorted(map(str, known)) for known in found] == 2 * [
        sorted(map(str, [(None, "people"), ("ann", "label"), ("bob", "label")]))
    ]


def test_label_studio_gets_the_opinion_of_each_and_what_was_decided(run, tmp_path):
    with served(run, people=FOUR[:2], overlap=1) as addresses:
        ann, bob = people(addresses)
        for index in (1, 2):
            tell(ann, "ash", index=index)
            tell(bob, "birch" if index == 1 else "ash", index=index)
        tell(bob, "ash", mode="review")
    export_label_studio(run, tmp_path / "tasks.json", None)
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    found = [
        [
            (one["completed_by"], one["result"][0]["value"]["choices"], one.get("ground_truth"))
            for one in task["annotations"]
        ]
        for task in tasks
    ]
    assert found == [
        [(1, ["ash"], None), (2, ["birch"], None), (2, ["ash"], True)],
        [(1, ["ash"], None), (2, ["ash"], None)],
    ]
    rows = read_tasks(tmp_path / "tasks.json", (tmp_path / "tasks.json").read_text())
    assert [row.label for row in rows] == ["ash", "ash"]


# Kappa and confusion


def test_the_page_tells_how_far_people_agree(run):
    with served(run, people=FOUR[:2], overlap=1) as addresses:
        ann, bob = people(addresses)
        for index, words in enumerate(
            (("ash", "ash"), ("ash", "birch"), ("birch", "birch"), ("birch", "birch")), start=1
        ):
            for person, word in zip((ann, bob), words, strict=True):
                tell(person, word, index=index)
        tell(ann, "birch", index=2, mode="review")
        found = people_in(ann)
    assert (found["measure"], found["images"], found["agreed"]) == ("Cohen's kappa", 4, 3)
    assert found["kappa"][0] == pytest.approx(0.5)  # 3/4 agree, 1/2 by chance
    assert found["people"][0] == {
        **{"name": "ann", "answers": 4, "right": 3},
        "confusion": [["", "ash", "birch"], ["ash", "1", "0"], ["birch", "1", "2"]],
    }


# Images among people, and time


def test_images_of_somebody_who_is_away_are_given_to_others():
    handout, lacking = Handout(), dict.fromkeys("uvwxyz", 1)
    assert handout.give("ann", lacking, lambda image, who: True, 0.0) == list("uvwxyz")
    assert handout.give("ann", lacking, lambda image, who: True, LEASED) == list("uvwxyz")
    assert handout.give("bob", lacking, lambda image, who: True, LEASED + 1) == list("uvwxyz")


def test_an_answer_shows_that_somebody_is_at_work():
    handout, lacking = Handout(), dict.fromkeys("uvwxyz", 1)
    handout.give("ann", lacking, lambda image, who: True, 0.0)
    handout.answered("ann", "u", LEASED)
    del lacking["u"]
    assert handout.give("bob", lacking, lambda image, who: True, LEASED + 1) == list("yz")


@pytest.mark.parametrize("words", ["ann,ann", "ann,b\x1bob"])
def test_names_that_are_not_one_persons_are_refused(words):
    with pytest.raises(UserError, match="--people must name everybody once"):
        people_of(words)


@pytest.mark.parametrize(
    ("share", "names", "why"),
    [
        (1.5, ["ann", "bob"], "expected a share from 0 to 1"),
        (float("nan"), ["ann", "bob"], "expected a share from 0 to 1"),
        (0.1, ["ann"], "name them by --people"),
    ],
)
def test_an_overlap_that_cannot_be_is_refused(share, names, why):
    with pytest.raises(UserError, match=why):
        overlap_of(share, names)


def test_the_overlap_is_a_tenth_where_several_label_and_none_where_one_does():
    overlaps = [overlap_of(*one) for one in ((None, "ab"), (0.0, "ab"), (None, "a"), (0.0, "a"))]
    assert overlaps == [0.1, 0.0, 0.0, 0.0]
