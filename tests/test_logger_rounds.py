import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from round_facts import PIXELS, round_result, trainer_with
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from askwell.logger import close_loggers
from askwell.logger.rounds import LogRounds, gallery, numbers, summary
from askwell.loop.diversity import Diversity
from askwell.scoring.evaluation import Evaluation

NESTED = {"seed": 0, "model": {"lr": 0.1, "augmentation": None}, "classes": [0, 1]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a CSV and a TensorBoard logger leave when told the same two rounds."""
    folder = tmp_path_factory.mktemp("loggers")
    told = [
        CSVLogger(folder, name="csv"),
        TensorBoardLogger(folder, name="tensorboard", version="", default_hp_metric=False),
    ]
    log_rounds, trainer = LogRounds(), trainer_with(*told)
    for logger in told:
        logger.log_hyperparams(NESTED)
    log_rounds.on_round_end(trainer, round_result(0))
    log_rounds.on_round_end(trainer, round_result(1, hits=9))
    log_rounds.on_rounds_end(trainer, "rounds")
    close_loggers(told, failed=False)
    return folder


@pytest.fixture(scope="module")
def board(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder / "tensorboard")).Reload()


def table(folder: Path) -> list[str]:
    return (folder / "csv" / "version_0" / "metrics.csv").read_text().splitlines()


def test_the_csv_file_holds_each_round_at_its_labels(folder: Path) -> None:
    rows = list(csv.DictReader(table(folder)))
    assert [(row["step"], row["accuracy"], row["class_accuracy/ash"]) for row in rows] == [
        ("10", "0.85", "0.8"),
        ("20", "0.9", "0.9"),
    ]


def test_tensorboard_draws_each_number_against_labels(board: EventAccumulator) -> None:
    points = [(point.step, point.value) for point in board.Scalars("class_accuracy/ash")]
    assert points == [(10, pytest.approx(0.8)), (20, pytest.approx(0.9))]


def test_all_loggers_are_told_the_same_numbers(folder: Path, board: EventAccumulator) -> None:
    columns = next(csv.reader(table(folder)))
    assert set(columns) - {"step"} == set(board.Tags()["scalars"])


def test_tensorboard_shows_the_queried_images(board: EventAccumulator) -> None:
    shown = [(image.step, image.width, image.height) for image in board.Images("queried_images")]
    assert shown == [
        (10, 2 * PIXELS.shape[3], PIXELS.shape[2]),
        (20, 2 * PIXELS.shape[3], PIXELS.shape[2]),
    ]


def test_tensorboard_shows_the_confusion_matrix_as_a_table(board: EventAccumulator) -> None:
    (event,) = board.Tensors("confusion/text_summary")
    assert b"ash|9|1\nbirch|1|9" in event.tensor_proto.string_val[0]


def test_an_evaluation_without_confusion_is_logged_without_it(tmp_path: Path) -> None:
    logger, log_rounds = (
        TensorBoardLogger(tmp_path, name="", version="", default_hp_metric=False),
        LogRounds(),
    )
    evaluation = Evaluation(0.85, 0.5, recognised=np.array([[8, 9], [10, 10]]))
    log_rounds.on_round_end(trainer_with(logger), round_result(0, evaluation=evaluation))
    log_rounds.on_rounds_end(trainer_with(logger), "rounds")
    close_loggers([logger], failed=False)
    tags = EventAccumulator(str(tmp_path)).Reload().Tags()
    assert (
        "class_accuracy/ash" in tags["scalars"],
        "confusion/text_summary" in tags["tensors"],
    ) == (True, False)


def test_a_class_without_evaluation_images_has_no_accuracy_in_any_log() -> None:
    evaluation = Evaluation(0.5, 1.0, np.array([[1, 1], [0, 0]]))
    logged = numbers(round_result(0, evaluation=evaluation))
    assert [name for name in logged if name.startswith("class_accuracy/")] == ["class_accuracy/ash"]


def test_the_diversity_of_a_query_is_logged_where_there_is_one() -> None:
    told = numbers(round_result(1, query_diversity=Diversity(distance=0.9, near_duplicates=0.25)))
    expected = {"query_diversity/distance": 0.9, "query_diversity/near_duplicates": 0.25}
    assert dict(told.items() - numbers(round_result(1)).items()) == expected


def test_a_strategy_without_scores_is_told_of_without_scores() -> None:
    preview = round_result(0).preview
    assert preview is not None
    captions = gallery(replace(preview, scores=None), ("ash", "birch")).captions
    assert captions == ("4, ash, predicted birch", "1, birch, predicted birch")


def test_a_target_that_was_not_reached_is_none_in_the_summary() -> None:
    assert summary([10, 20], [0.5, 0.92]) == {
        "final_accuracy": 0.92,
        "area_under_curve": pytest.approx(0.71),
        "labels_to_90": 20,
        "labels_to_95": None,
        "labels_to_97": None,
    }


def test_a_resumed_run_sums_up_all_its_rounds() -> None:
    before, after = LogRounds(), LogRounds()
    before.on_round_end(trainer_with(), round_result(0))
    after.load_state_dict(before.state_dict())
    after.on_round_end(trainer_with(), round_result(1))
    assert after.labels == [10, 20]


def test_a_run_without_loggers_ends_like_any_other() -> None:
    log_rounds = LogRounds()
    log_rounds.on_round_end(trainer_with(), round_result(0))
    log_rounds.on_rounds_end(trainer_with(), "rounds")
    close_loggers([], failed=True)
    assert log_rounds.accuracy == [0.85]
