"""Answers that are given on the page: events in a file, taken when a query has enough of them."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from askwell.oracle.answers import BROKEN, CANNOT_TELL, NONE_OF_THESE, UNANSWERED
from askwell.oracle.events import AnswerLog, current, settled, trains_now
from askwell.oracle.page import Page
from askwell.oracle.subject import Subject


class Pixels:
    """Images that differ in one level."""

    names, truth, fingerprint = None, None, "of these"

    def __len__(self):
        return 8

    def fetch(self, indices):
        return torch.as_tensor(np.asarray(indices)).view(-1, 1, 1, 1).to(torch.uint8)


SUBJECT = Subject(Pixels(), ("cat", "dog"), "subject")


@pytest.fixture
def page(tmp_path):
    return Page(SUBJECT, tmp_path / "run", tmp_path / "answers")


def say(page, **answers):
    """Writes answers as the page does."""
    page.log.add([page.event(int(index[1:]), word) for index, word in answers.items()])


def test_what_is_not_answered_stays_open(page):
    say(page, i1="dog", i3="cannot tell")
    said = page(torch.tensor([3, 0, 1]))
    assert (said.labels.tolist(), said.settled) == ([CANNOT_TELL, UNANSWERED, 1], False)


def test_train_now_settles_by_what_is_answered_and_asks_for_one_query_only(page):
    say(page, i1="dog")
    page.log.add([{"kind": "train now"}])
    assert page(torch.tensor([0, 1])).settled
    page.settled(torch.tensor([1]), 0)
    assert not trains_now(page.log.read())


def test_train_now_without_a_label_settles_nothing(page):
    page.log.add([{"kind": "train now"}])
    assert not page(torch.tensor([0, 1])).settled


def test_a_settled_query_is_settled_by_the_same_answers_whatever_is_said_since(page):
    say(page, i1="dog", i2="cat")
    page(torch.tensor([0, 1, 2]))
    page.settled(torch.tensor([1, 2]), 0)
    say(page, i0="dog", i1="cat")
    page.log.add([{"kind": "undo", "index": 2}])
    said = page(torch.tensor([0, 1, 2]))
    assert (said.labels.tolist(), said.settled) == ([UNANSWERED, 1, 0], True)


def test_an_answer_that_changes_while_a_query_is_settled_counts_as_it_was_taken(page):
    say(page, i1="dog")
    page(torch.tensor([1]))
    say(page, i1="cat")
    page.settled(torch.tensor([1]), 0)
    assert settled(page.log.read(), [1]) == {1: "dog"}


def test_what_settles_a_query_is_kept_for_other_runs_once(page, tmp_path):
    say(page, i1="dog")
    for round in range(2):
        page(torch.tensor([1]))
        page.settled(torch.tensor([1]), round)
    assert len(page.bank.log.read()) == 1
    other = Page(SUBJECT, tmp_path / "other", tmp_path / "answers")
    assert other(torch.tensor([1, 2])).labels.tolist() == [1, UNANSWERED]


def test_events_of_several_writers_are_all_kept(tmp_path):
    file = tmp_path / "answers.jsonl"

    def write(writer):
        for number in range(25):
            AnswerLog(file).add([{"kind": "later", "index": 100 * writer + number}])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    lines = [json.loads(line)["index"] for line in file.read_text().splitlines()]
    assert sorted(lines) == [100 * writer + number for writer in range(4) for number in range(25)]


def test_answers_about_other_classes_say_nothing_of_those_of_this_run(page, tmp_path):
    say(page, i1="none of these", i2="broken")
    page(torch.tensor([1, 2]))
    page.settled(torch.tensor([1, 2]), 0)
    alike = Page(SUBJECT, tmp_path / "alike", tmp_path / "answers")
    assert alike(torch.tensor([1, 2])).labels.tolist() == [NONE_OF_THESE, BROKEN]
    more = replace(SUBJECT, classes=(*SUBJECT.classes, "elm"))
    other = Page(more, tmp_path / "other", tmp_path / "answers")
    assert other(torch.tensor([1, 2])).labels.tolist() == [UNANSWERED, UNANSWERED]


ONE, ONCE = torch.tensor([1]), torch.tensor([1])


def test_an_image_that_is_asked_again_is_open_until_it_is_answered_again(page):
    say(page, i1="dog")
    page(ONE)
    page.settled(ONE, 0)
    page(torch.tensor([2]))
    for _ in range(2):
        assert page.again(ONE, ONCE).labels.tolist() == [UNANSWERED]
    assert [event["kind"] for event in page.log.read()].count("again") == 1
    assert current(page.log.read()) == {1: "dog"}
    say(page, i1="cat")
    assert page.again(ONE, ONCE).labels.tolist() == [0]
    assert page.corrected({1: 1}, 1) == {}


def test_train_now_waits_for_a_label_of_an_image_that_had_none(page):
    say(page, i1="dog")
    page.log.add([{"kind": "train now"}])
    page(torch.tensor([2]))
    page.again(ONE, ONCE)
    say(page, i1="cat")
    assert not page(torch.tensor([2])).settled
    assert page.again(ONE, ONCE) == (torch.tensor([0]), False)


@pytest.mark.parametrize("words", [["later"], ["cat", "undo"], ["cat", "cat", "undo"]])
def test_what_is_put_off_or_taken_back_when_asked_again_leaves_the_former_answer(page, words):
    say(page, i1="dog")
    page(torch.tensor([2]))
    page.again(ONE, ONCE)
    for word in words:
        kind = {"kind": word} if word in ("later", "undo") else {}
        page.log.add([page.event(1, word) | kind])
    assert current(page.log.read()) == {1: "dog"}
    assert page.again(ONE, ONCE).labels.tolist() == [UNANSWERED]


def test_what_was_answered_again_counts_as_it_was_taken_whatever_is_said_since(page):
    say(page, i1="dog", i2="cat")
    page(torch.tensor([2]))
    page.again(ONE, ONCE)
    say(page, i1="cat")
    page.again(ONE, ONCE)
    page.settled(torch.tensor([2]), 1, {1: 1})
    assert current(page.log.read())[1] == "dog"  # what the run made of both answers
    page(torch.tensor([2]))
    say(page, i1="cat")
    assert page.again(ONE, ONCE).labels.tolist() == [0]
    page(torch.tensor([3]))
    assert page.again(ONE, ONCE).labels.tolist() == [UNANSWERED]  # by another query


def test_what_people_corrected_is_taken_once_and_is_the_same_after_a_kill(page):
    say(page, i1="dog", i2="cat")
    page(torch.tensor([1, 2]))
    page.settled(torch.tensor([1, 2]), 0)
    say(page, i1="cat")
    assert page.corrected({1: 1, 2: 0}, 1) == {1: 0}
    say(page, i2="dog")
    assert page.corrected({1: 1, 2: 0}, 1) == {1: 0}
    assert page.corrected({1: 0, 2: 0}, 2) == {2: 1}


def test_labels_that_were_there_are_corrected_in_review_alone(page):
    say(page, i1="dog")
    assert page.corrected({1: 0}, 1) == {}
    page.log.add([{**page.event(1, "dog"), "mode": "review"}])
    assert page.corrected({1: 0}, 1) == {1: 1}
    page.log.add([{**page.event(1, "cat"), "mode": "single"}])  # undone in Review
    assert page.corrected({1: 1}, 2) == {1: 0}


def test_a_correction_is_kept_for_other_runs_also_after_a_kill(page, tmp_path):
    say(page, i1="dog")
    page(ONE)
    page.settled(ONE, 0)
    say(page, i1="cat")
    page.log.add([{"kind": "corrected", "round": 1, "labels": {"1": "cat"}}])  # and killed
    for _ in range(2):
        page.corrected({1: 1}, 1)
    alike = Page(SUBJECT, tmp_path / "alike", tmp_path / "answers")
    assert alike(ONE).labels.tolist() == [0]
    assert len(page.bank.log.read()) == 2
