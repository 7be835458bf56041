"""The report's section on the people who labelled."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_runs import group_of, write_run

from askwell.report import write_report
from askwell.report.reading.answers_file import read_opinions
from askwell.report.reading.received import UnreadableError
from askwell.report.sections import who_agrees

SAID = (("cat", "cat"), ("cat", "dog"), ("dog", "dog"), ("dog", "dog"))


def answers(*pairs, names=("ann", "bob")):
    """The events of answers.jsonl: what each of `names` said of the images, one after the other."""
    yield {"kind": "people", "people": list(names), "overlap": 1.0}
    for number, words in enumerate(pairs):
        image = f"{number:032x}"
        for who, word in zip(names, words, strict=True):
            facts = {"kind": "label", "answer": word, "by": who, "seconds": 1.0}
            yield {"index": number, "image": image, **facts}


def keep(run, events):
    (run / "answers.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "sweep", "lc")


def shown(run):
    return who_agrees.section(group_of(run.parent))


def test_agreement_and_confusions_are_shown(run):
    events = list(answers(*SAID))
    keep(run, [*events, {**events[3], "answer": "dog", "decides": True}])
    section = shown(run)
    first, second = section.paragraphs
    assert first == "Of 4 images that two people answered they agreed on 3 (75 %)."
    assert second.startswith("Cohen's kappa is 0.50 (95 % interval -0.40 to 0.91)")  # Wilson's
    agreement, ann, _ = section.tables
    assert agreement.rows == (("ann", "4", "3", "75 %"), ("bob", "4", "4", "100 %"))
    assert (ann.columns, ann.rows) == (
        ("ann", "cat", "dog"),
        (("cat", "1", "0"), ("dog", "1", "2")),
    )
    assert section.points == ()


def test_a_run_that_nobody_or_one_person_labelled_has_nothing_to_tell(run):
    assert shown(run).paragraphs == (who_agrees.NOTHING,)
    keep(run, [{"kind": "label", "index": 1, "image": 32 * "a", "answer": "cat", "by": "ann"}])
    assert (shown(run).paragraphs, shown(run).tables) == ((who_agrees.NOTHING,), ())


def test_images_without_a_majority_are_counted(run):
    keep(run, answers(("cat", "dog")))
    assert shown(run).paragraphs[-1].startswith("1 image without a majority")


def test_an_image_that_two_runs_asked_about_counts_once(run):
    keep(run, answers(*SAID))
    keep(write_run(run.parent, "random"), answers(*SAID))
    assert shown(run).paragraphs[0].startswith("Of 4 images")


def test_names_are_text_and_never_markup(run):
    names = ("<b>ann</b>", "b|ob")
    keep(run, answers(("<i>", "<i>"), ("cat", "<i>"), names=names))
    report = write_report([run], run)
    page = report.page.read_text()
    assert "&lt;b&gt;ann&lt;/b&gt;" in page
    assert "<b>ann" not in page
    assert "<i>" not in page


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "line 2 is no JSON"),
        ("[]", "line 2: "),
        ('{"kind": "people", "people": "ann"}', "line 2: "),
        ('{"kind": "people", "people": [], "overlap": 2}', "line 2: overlap"),
        ('{"kind": "label", "image": "../x", "answer": "cat"}', "line 2: image"),
        ('{"kind": "label", "image": "%s"}' % (32 * "0"), "line 2: answer is missing"),
        ('{"kind": "label", "by": "ann", "answer": "cat", "decides": 1}', "line 2: decides"),
    ],
)
def test_what_is_no_answer_is_left_out_and_named(run, line, why):
    keep(run, answers())
    with (run / "answers.jsonl").open("a") as file:
        file.write(line + "\n")
    section = shown(run)
    assert section.paragraphs == (who_agrees.NOTHING,)
    assert why in section.points[0]


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(("kind", "image", "by", "answer", "decides", "people", "overlap")),
            st.none() | st.booleans() | st.integers() | st.sampled_from(("label", "people", "a")),
        )
    )
)
def test_any_events_are_read_or_left_out(tmp_path_factory, events):
    folder = tmp_path_factory.mktemp("run")
    keep(folder, [*answers(), *events])
    with suppress(UnreadableError):
        assert isinstance(read_opinions(folder), dict)


def test_a_last_line_that_a_kill_cut_short_is_no_fault(run):
    keep(run, answers(*SAID))
    content = (run / "answers.jsonl").read_bytes()
    (run / "answers.jsonl").write_bytes(content[:-5])
    assert (shown(run).points, shown(run).paragraphs[0][:11]) == ((), "Of 3 images")
