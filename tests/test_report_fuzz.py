"""Whatever JSON a run folder holds, it ends in a report."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_runs import rewrite_round, round_facts, run_facts, write_run

from askwell.report import write_report
from askwell.report.reading.records import read

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
MANY = settings(max_examples=30, deadline=None)


@MANY
@given(facts=JSON_VALUES, rounds=st.lists(JSON_VALUES, max_size=3))
def test_any_json_is_read_or_left_out(
    tmp_path_factory: pytest.TempPathFactory, facts: Any, rounds: list[Any]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    (folder / "run.json").write_text(json.dumps(facts))
    (folder / "rounds.jsonl").write_text("\n".join(map(json.dumps, rounds)))
    assert len(read([folder], folder).runs) == 1


@pytest.mark.slow
@MANY
@given(data=st.data(), value=JSON_VALUES)
def test_any_value_in_any_place_leaves_a_report(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, value: Any
) -> None:
    sweep = tmp_path_factory.mktemp("sweep")
    write_run(sweep, "random")
    key = data.draw(st.sampled_from([*run_facts("lc", 0), "config", "study", "resumed", "started"]))
    run = write_run(sweep, "lc")
    (run / "run.json").write_text(json.dumps(run_facts("lc", 0) | {key: value}))
    rewrite_round(
        run, 1, **{data.draw(st.sampled_from(list(round_facts(0, 0.5)))): data.draw(JSON_VALUES)}
    )
    assert write_report([sweep], sweep).page.exists()


CLASSES = st.text(st.characters(), min_size=1, max_size=8)


@pytest.mark.slow
@MANY
@given(
    accuracies=st.lists(st.floats(0, 1), min_size=1, max_size=4),
    classes=st.dictionaries(CLASSES, st.floats(0, 1) | st.none(), max_size=4),
    counts=st.dictionaries(CLASSES, st.integers(0, 9), max_size=4),
    lost=st.lists(CLASSES, max_size=2),
    names=st.fixed_dictionaries(
        {"strategy": CLASSES, "dataset": CLASSES, "name": CLASSES, "command": CLASSES}
    ),
    settings_of_one=st.dictionaries(CLASSES, JSON_VALUES, max_size=3),
)
def test_any_run_of_the_right_kinds_leaves_a_report(
    tmp_path_factory: pytest.TempPathFactory,
    accuracies: list[float],
    classes: dict[str, float | None],
    counts: dict[str, int],
    lost: list[str],
    names: dict[str, str],
    settings_of_one: dict[str, Any],
) -> None:
    sweep = tmp_path_factory.mktemp("sweep")
    for number, strategy in enumerate(("random", "lc", "lc")):
        run = write_run(sweep, strategy, number, accuracies)
        facts = (
            run_facts(strategy, number)
            | names
            | ({"config": settings_of_one} if number == 2 else {})
        )
        (run / "run.json").write_text(
            json.dumps(facts | ({"strategy": "random"} if not number else {}))
        )
        for place in range(len(accuracies)):
            rewrite_round(
                run, place, class_accuracy=classes, query_class_counts=counts, lost_classes=lost
            )
    report = write_report([sweep], sweep)
    assert len(read([sweep], sweep).runs) == sum(
        len(group.everything.runs) for group in report.groups
    )
