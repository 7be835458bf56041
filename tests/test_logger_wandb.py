import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from round_facts import PIXELS
from wandb_jobs import CONFIG, history, records, run_files, run_job, without_account


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep of two jobs that ran in this process."""
    folder = tmp_path_factory.mktemp("sweep")
    with without_account(folder):
        for number in range(2):
            run_job(folder, number)
    return folder


@pytest.fixture(scope="module")
def told(sweep: Path) -> list[dict[str, Any]]:
    """All records of the first job."""
    return records(run_files(sweep)[0])


def updates(told: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The last word of all records of one kind."""
    merged: dict[str, Any] = {}
    for record in told:
        merged |= record.get(kind, {}).get("update", {})
    return merged


def the_run(told: list[dict[str, Any]]) -> dict[str, Any]:
    return next(record["run"] for record in told if "run" in record)


def test_two_jobs_of_one_process_leave_two_runs_in_the_folder_of_the_sweep(sweep: Path) -> None:
    assert len(run_files(sweep)) == 2


def test_the_group_is_the_sweep(told: list[dict[str, Any]]) -> None:
    assert the_run(told)["run_group"] == "trees"


def test_the_name_is_the_jobs(told: list[dict[str, Any]]) -> None:
    assert the_run(told)["display_name"] == "lc-s0"


def test_the_tags_are_kept(told: list[dict[str, Any]]) -> None:
    assert the_run(told)["tags"] == ["mnist", "lc"]


def test_the_whole_nested_config_is_kept(told: list[dict[str, Any]]) -> None:
    config = updates(told, "config")
    assert {name: config[name] for name in CONFIG} == CONFIG


def test_everything_is_drawn_against_labels(told: list[dict[str, Any]]) -> None:
    metrics = [record["metric"] for record in told if "metric" in record]
    assert [metric["step_metric"] for metric in metrics if metric.get("glob_name") == "*"] == [
        "labels"
    ]


@pytest.mark.parametrize(
    ("name", "curve"),
    [
        ("accuracy", [(10, 0.85), (20, 0.9)]),
        ("worst_class_accuracy", [(10, 0.8), (20, 0.9)]),
        ("class_accuracy/ash", [(10, 0.8), (20, 0.9)]),
        ("queried/birch", [(10, 7), (20, 7)]),
        ("seconds/score", [(10, 2), (20, 2)]),
    ],
)
def test_a_curve_holds_every_round(
    told: list[dict[str, Any]], name: str, curve: list[tuple[int, float]]
) -> None:
    assert history(told, name) == curve


def test_the_confusion_matrix_is_kept_as_counts(sweep: Path) -> None:
    (table,) = run_files(sweep)[0].parent.glob("files/media/table/confusion*.json")
    assert json.loads(table.read_text())["data"] == [
        ["ash", "ash", 9],
        ["ash", "birch", 1],
        ["birch", "ash", 1],
        ["birch", "birch", 9],
    ]


def test_the_queried_images_are_the_pixels_of_the_data_set(
    told: list[dict[str, Any]], sweep: Path
) -> None:
    ((_, names), *_) = history(told, "queried_images.filenames")
    with Image.open(run_files(sweep)[0].parent / "files" / names[0]) as image:
        np.testing.assert_array_equal(np.asarray(image), PIXELS[4].permute(1, 2, 0).numpy())


def test_a_queried_image_says_its_index_its_label_the_prediction_and_the_score(
    told: list[dict[str, Any]],
) -> None:
    ((_, captions), *_) = history(told, "queried_images.captions")
    assert captions == [
        "4, ash, predicted birch, score 0.250",
        "1, birch, predicted birch, score 0.125",
    ]


def test_the_summary_holds_the_price_of_each_target_and_the_area_under_the_curve(
    told: list[dict[str, Any]],
) -> None:
    summary = updates(told, "summary")
    expected = {
        "final_accuracy": 0.9,
        "area_under_curve": 0.875,
        "labels_to_90": 20,
        "labels_to_97": None,
    }
    assert {name: summary[name] for name in expected} == pytest.approx(expected)


def test_what_wandb_stages_lies_in_the_folder_of_the_sweep(sweep: Path) -> None:
    assert list(sweep.glob("wandb/artifacts/staging/*"))


def test_opening_a_run_imports_nothing_of_launch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("wandb.sdk.launch")]:
        monkeypatch.delitem(sys.modules, name)
    with without_account(tmp_path):
        assert run_job(tmp_path, 0, rounds=0).alive
    assert "wandb.sdk.launch" not in sys.modules
