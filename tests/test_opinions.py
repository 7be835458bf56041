"""What several people say of the same images: the answer they agree on, and how far they do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from askwell.opinions import Consensus, is_doubled, word_of
from askwell.oracle.events import current
from askwell.report.statistics.annotators import annotators
from askwell.report.statistics.kappa import cohen, confusion, fleiss

PEOPLE = ("ann", "bob", "cy")
DOUBLED, SINGLE = 16 * "0" + "1", 16 * "f" + "1"


def named(*people, overlap=0.5):
    return {"kind": "people", "people": list(people), "overlap": overlap}


def said(who, word, index=1, image=DOUBLED, **facts):
    kind = {"kind": word} if word in ("undo", "later", "broken") else {"kind": "label"}
    by = {} if who is None else {"by": who}
    return {"index": index, "image": image, "answer": word, **kind, **by, **facts}


def answer_of(*events):
    return current(events).get(1)


# The answer


@pytest.mark.parametrize(
    ("opinions", "answer"),
    [
        (["ann cat"], None),
        (["ann cat", "ann dog"], None),
        (["ann cat", "bob cat"], "cat"),
        (["ann cat", "bob dog"], None),
        (["ann cat", "bob dog", "cy dog"], "dog"),
        (["ann cat", "bob dog", "cy broken"], None),
        (["ann cat", "bob dog", "ann dog"], "dog"),
        (["ann cat", "bob cat", "bob undo"], None),
        (["ann cat", "bob cat", "bob later"], None),
        (["ann broken", "bob broken"], "broken"),
    ],
)
def test_the_majority_of_the_last_opinions_is_the_answer_once_two_have_one(opinions, answer):
    events = [said(*opinion.split()) for opinion in opinions]
    assert answer_of(named(*PEOPLE), *events) == answer


def test_an_image_of_no_overlap_is_answered_by_one_person():
    one = said("ann", "cat", image=SINGLE)
    assert answer_of(named(*PEOPLE), one) == "cat"
    assert answer_of(named(*PEOPLE), one, said("bob", "dog", image=SINGLE)) is None


def test_a_decision_counts_more_than_opinions_and_is_taken_back_by_who_made_it():
    tie = [named("ann", "bob"), said("ann", "cat"), said("bob", "dog")]
    decided = [*tie, said("bob", "cat", decides=True)]
    assert answer_of(*decided) == "cat"
    assert answer_of(*decided, said("ann", "undo")) == "cat"
    assert answer_of(*decided, said("bob", "undo")) is None
    assert answer_of(*decided, said("bob", "undo"), said("bob", "undo"), said("bob", "cat")) == (
        "cat"
    )


def test_as_long_as_one_person_labels_the_last_event_is_the_answer():
    events = [said("ann", "cat"), said("bob", "dog")]
    assert answer_of(*events) == "dog"
    assert answer_of(*events, said("ann", "undo")) is None
    assert answer_of(*events, said("ann", "later")) is None


def test_an_answer_of_nobody_is_that_of_another_run_and_stands():
    assert answer_of(named(*PEOPLE), said("ann", "cat"), said(None, "dog")) == "dog"
    assert answer_of(named(*PEOPLE), said("ann", "cat"), said(None, "undo")) is None


def test_an_image_that_waits_for_somebody_who_left_is_answered_and_a_tie_is_decided_alone():
    waits = [named("ann", "bob"), said("ann", "cat")]
    assert answer_of(*waits, named("ann")) == "cat"
    tie = [*waits, said("bob", "dog"), named("ann")]
    assert answer_of(*tie) is None
    assert answer_of(*tie, said("ann", "dog")) == "dog"


def test_a_larger_overlap_reopens_no_answer():
    before = [named("ann", "bob", overlap=0), said("ann", "cat")]
    assert answer_of(*before, named("ann", "bob", overlap=1)) == "cat"


@pytest.mark.parametrize(
    ("opinions", "lacking"),
    [([], 2), (["ann cat"], 1), (["ann cat", "bob dog"], 1), (["ann cat", "bob cat"], 0)],
)
def test_two_are_asked_and_a_third_where_they_differ(opinions, lacking):
    events = [named(*PEOPLE), *(said(*opinion.split()) for opinion in opinions)]
    assert Consensus.of(events).lacks(1, DOUBLED) == lacking


@given(st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_the_share_that_is_asked_of_two_grows_with_the_overlap(overlap, number):
    image = f"00000000{number:08x}"
    assert is_doubled(image, overlap) == (number / 2**32 < overlap)


OPINIONS = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(("cat", "dog", "elk", "undo")))
)


@given(OPINIONS)
def test_the_answer_is_that_of_a_count_of_the_last_opinions(opinions):
    last = {}
    for who, word in opinions:
        last[who] = word
    words = [word for word in last.values() if word != "undo"]
    best = {word for word in words if words.count(word) == max(map(words.count, words))}
    expected = best.pop() if len(words) > 1 and len(best) == 1 else None
    assert answer_of(named(*PEOPLE), *(said(*one) for one in opinions)) == expected


# How far they agree

WORDS = st.sampled_from(("cat", "dog", "elk"))
PAIRS = st.lists(st.tuples(WORDS, WORDS), min_size=2, max_size=30)


@given(PAIRS)
def test_cohens_kappa_is_that_of_scikit_learn(pairs):
    found = cohen(pairs).kappa
    if len({word for pair in pairs for word in pair}) == 1:
        assert found is None
    else:
        ours, theirs = zip(*pairs, strict=True)
        assert found.value == pytest.approx(cohen_kappa_score(ours, theirs))
        assert found.low - 1e-9 <= found.value <= found.high + 1e-9 <= 1 + 1e-8


@given(PAIRS)
def test_fleiss_kappa_is_the_mean_over_images_beyond_that_of_shuffled_answers(pairs):
    """The formula of Fleiss (1971) as he writes it, from the counts of each image and category."""
    words = ("cat", "dog", "elk")
    counts = [[pair.count(word) for word in words] for pair in pairs]
    shares = [sum(row[j] for row in counts) / (2 * len(pairs)) for j in range(3)]
    chance = sum(share**2 for share in shares)
    alike = sum((sum(n * n for n in row) - 2) / 2 for row in counts) / len(pairs)
    if chance == 1:
        assert fleiss(pairs).kappa is None
    else:
        assert fleiss(pairs).kappa.value == pytest.approx((alike - chance) / (1 - chance))


def test_no_pair_has_no_kappa():
    assert (cohen([]).kappa, fleiss([]).images) == (None, 0)


@given(PAIRS)
def test_the_confusion_counts_every_pair(pairs):
    (_, *words), *rows = confusion(pairs, most=9)
    assert words == sorted({word for pair in pairs for word in pair})
    counts = [[str(pairs.count((answer, word))) for word in words] for answer in words]
    assert rows == [[word, *row] for word, row in zip(words, counts, strict=True)]


def test_of_many_words_the_most_confused_are_shown():
    pairs = [("cat", "dog"), ("dog", "cat"), ("elk", "elk"), ("fox", "elk")]
    assert confusion(pairs, most=2)[0] == ["", "cat", "dog"]


def opinions_of(*events):
    return Consensus.of(events).images.values()


def test_people_are_compared_by_the_first_two_opinions_and_with_the_answer():
    events = [
        *(named(*PEOPLE), said("ann", "cat"), said("bob", "dog"), said("cy", "dog")),
        *(said("cy", "cat", index=2), said("bob", "cat", index=2)),
        *(said("ann", "cat", index=3), said("cy", "dog", index=3)),
        said("ann", "cat", index=4),
    ]
    found = annotators(opinions_of(*events))
    assert (found.measure, found.ties) == ("Fleiss' kappa", 1)
    assert found.agreement.images == 3
    assert found.agreement.agreed == 1
    assert found.said == {
        "ann": [("dog", "cat")],
        "bob": [("dog", "dog"), ("cat", "cat")],
        "cy": [("dog", "dog"), ("cat", "cat")],
    }


def test_two_people_are_paired_by_their_names_whoever_came_first():
    events = [
        *(named("ann", "bob"), said("bob", "dog"), said("ann", "cat")),
        *(said("ann", "cat", index=2), said("bob", "cat", index=2)),
    ]
    found = annotators(opinions_of(*events))
    expected = cohen([("cat", "dog"), ("cat", "cat")])
    assert (found.measure, found.agreement) == ("Cohen's kappa", expected)


def test_how_an_answer_came_about_is_said():
    tie = [named(*PEOPLE), said("ann", "cat"), said("bob", "dog")]
    for event, word, how in (
        (said("cy", "dog"), "dog", "2 of 3"),
        (said("bob", "cat"), "cat", "2 of 2"),
        (said("ann", "elk", decides=True), "elk", "decided"),
    ):
        (one,) = opinions_of(*tie, event)
        assert (word_of(one.counted), one.agreed) == (word, how)
