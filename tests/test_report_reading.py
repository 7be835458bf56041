import json
from pathlib import Path

import pytest
from report_runs import group_of, groups_of, rewrite_round, write_run

from askwell.errors import UserError
from askwell.report.reading.records import read


def test_runs_are_found_at_any_depth_and_each_once(tmp_path: Path) -> None:
    run = write_run(tmp_path / "multirun" / "study")
    assert len(read([tmp_path, run], tmp_path).runs) == 1


def test_a_run_is_named_by_its_path_from_the_report(tmp_path: Path) -> None:
    run = write_run(tmp_path / "study")
    assert read([tmp_path], tmp_path / "study").runs.index.to_list() == [run.name]


def test_an_absent_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such folder: .*/absent"):
        read([tmp_path / "absent"], tmp_path)


def test_a_folder_without_runs_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"no run found in {tmp_path}"):
        read([tmp_path], tmp_path)


def test_a_last_line_cut_by_a_kill_is_left_out(tmp_path: Path) -> None:
    run = write_run(tmp_path, accuracies=(0.5, 0.6))
    with (run / "rounds.jsonl").open("a") as file:
        file.write('{"round": 2, "labels": 3')
    assert read([tmp_path], tmp_path).curves["round"].to_list() == [0, 1]


def test_a_round_written_twice_counts_as_written_last(tmp_path: Path) -> None:
    run = write_run(tmp_path, accuracies=(0.5, 0.6))
    path = run / "rounds.jsonl"
    path.write_text(
        path.read_text() + json.dumps({"round": 1, "labels": 20, "accuracy": 0.7}) + "\n"
    )
    assert read([tmp_path], tmp_path).curves["accuracy"].to_list() == [0.5, 0.7]


def test_a_class_without_evaluation_images_may_be_nan(tmp_path: Path) -> None:
    run = write_run(tmp_path, accuracies=(0.5,))
    path = run / "rounds.jsonl"
    path.write_text(
        path.read_text().replace('"class_accuracy": {"0": 0.5', '"class_accuracy": {"0": NaN')
    )
    assert read([tmp_path], tmp_path).classes["accuracy"].isna().to_list() == [True, False]


def test_a_run_json_cut_short_is_an_unreadable_run(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    (run / "run.json").write_text('{"status": "fini')
    assert read([tmp_path], tmp_path).runs["status"].to_list() == ["unreadable"]


@pytest.mark.parametrize(
    "content",
    ["[]", '{"config": "a.yaml"}', '{"config": {"callbacks": null}}', '{"resumed": null}'],
)
def test_a_run_json_of_another_program_is_outside(tmp_path: Path, content: str) -> None:
    write_run(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "run.json").write_text(content)
    assert len(group_of(tmp_path).runs) == 1


def test_unlike_runs_are_never_in_one_group(tmp_path: Path) -> None:
    for query_size in (128, 32, 512):
        write_run(tmp_path, query_size=query_size)
    titles = [group.title for group in groups_of(tmp_path)]
    assert titles == ["mnist · query size 32", "mnist · query size 128", "mnist · query size 512"]


@pytest.mark.parametrize(
    "other",
    [
        {"protocol": "retrain"},
        {"model": "cnn3"},
        {"oracle": "noisy"},
        {"classes": ["0", "2"]},
        {"dataset": "x"},
    ],
)
def test_each_setting_sets_runs_apart(tmp_path: Path, other: dict[str, object]) -> None:
    write_run(tmp_path)
    write_run(tmp_path, **other)
    assert len(groups_of(tmp_path)) == 2


def test_a_setting_equal_in_all_runs_is_not_in_the_title(tmp_path: Path) -> None:
    write_run(tmp_path, model="cnn3")
    write_run(tmp_path, model="cnn3", dataset="fruits")
    assert [group.title for group in groups_of(tmp_path)] == ["fruits", "mnist"]


def test_only_finished_runs_are_compared(tmp_path: Path) -> None:
    write_run(tmp_path, seed=0)
    write_run(tmp_path, seed=1, status="running")
    (group,) = groups_of(tmp_path)
    assert group.runs["seed"].to_list() == [0]


def test_of_a_run_done_twice_the_latest_counts(tmp_path: Path) -> None:
    write_run(tmp_path, accuracies=(0.8,), started="2026-02-01")
    write_run(tmp_path, accuracies=(0.7,), started="2026-01-01")
    (group,) = groups_of(tmp_path)
    assert group.runs["final_accuracy"].to_list() == [0.8]


def test_the_baseline_comes_first_and_the_others_by_name(tmp_path: Path) -> None:
    for strategy in ("badge", "lm", "entropy", "random", "lc"):
        write_run(tmp_path, strategy)
    (group,) = groups_of(tmp_path)
    assert group.strategies == ["random", "badge", "entropy", "lc", "lm"]


def test_what_a_later_version_adds_to_a_record_is_left_alone(tmp_path: Path) -> None:
    run = write_run(tmp_path, accuracies=(0.5, 0.6))
    for number in range(2):
        answers = {"labels": 5, "cannot tell": 1}
        rewrite_round(run, number, answers=answers, unheard_of=[{"a": None}])
    (run / "queries.csv").write_text("round,index,label,image\n0,1,2,cat/1.png\n")
    assert read([tmp_path], tmp_path).curves["accuracy"].to_list() == [0.5, 0.6]
