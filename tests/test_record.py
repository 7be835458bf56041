"""The files of a run: what each round adds, and what a resumed run writes again."""

import csv
import json
import os
from errno import ENOSPC
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from experiment import record_of
from round_facts import CLASSES, PIXELS, round_result

from askwell.listener.run_files import Record
from askwell.loop.listener import RunView
from askwell.pool import Pool
from askwell.run.run_folder import RunFolder


@pytest.fixture
def pool():
    pool = Pool(100)
    pool.label([5, 3], [1, 0], round=0)
    return pool


@pytest.fixture
def record(tmp_path):
    return Record(RunFolder(tmp_path))


def run(pool, names=None):
    """A run as the record sees it."""
    labelling = SimpleNamespace(pool=pool, pending=None, evaluated={}, oracle=None)
    images = SimpleNamespace(fetch=lambda indices: PIXELS[indices])
    sight = SimpleNamespace(images=images)
    return RunView(
        CLASSES, names, labelling, sight, {}, facts=lambda: {"pool": 100}, accuracy=lambda: 0.75
    )


def rows(record):
    return list(csv.reader(record.queries.read_text().splitlines()))


def rounds(record):
    return [json.loads(line) for line in record.rounds.read_text().splitlines()]


def test_the_initial_set_is_written_before_anything_is_trained(record, pool):
    record.on_rounds_start(None, run(pool), 0)
    assert rows(record) == [
        ["round", "index", "label", "score"],
        ["0", "5", "1", ""],
        ["0", "3", "0", ""],
    ]


def test_a_round_adds_the_labels_that_it_bought(record, pool):
    record.on_rounds_start(None, run(pool), 0)
    pool.label([9], [1], round=1, scores=[0.5])
    record.on_round_end(None, round_result(0))
    assert rows(record)[3:] == [["1", "9", "1", "0.5"]]


def test_a_score_is_written_so_that_it_can_be_read_back_exactly(record, pool):
    score = float(np.float32(1) / 3)
    record.on_rounds_start(None, run(pool), 0)
    pool.label([9], [1], round=1, scores=[score])
    record.on_round_end(None, round_result(0))
    assert float(rows(record)[-1][-1]) == score


def test_a_round_adds_one_line(record, pool):
    record.on_rounds_start(None, run(pool), 0)
    for number in range(3):
        record.on_round_end(None, round_result(number))
    assert [line["round"] for line in rounds(record)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("labels", 10),
        ("accuracy", 0.85),
        ("class_accuracy", {"ash": 0.8, "birch": 0.9}),
        ("loss", 0.5),
        ("train_seconds", 1.0),
        ("score_seconds", 2.0),
        ("eval_seconds", 3.0),
        ("pool_size", 100),
        ("query_class_counts", {"ash": 3, "birch": 7}),
        ("lost_classes", []),
    ],
)
def test_a_line_holds_the_facts_of_its_round(record, pool, fact, value):
    record.on_rounds_start(None, run(pool), 0)
    record.on_round_end(None, round_result(0))
    assert rounds(record)[0][fact] == pytest.approx(value)


def test_rounds_that_are_to_be_done_again_are_dropped(record, pool):
    record.on_rounds_start(None, run(pool), 0)
    for number in range(3):
        record.on_round_end(None, round_result(number))
    record.on_rounds_start(None, run(pool), 2)
    assert [line["round"] for line in rounds(record)] == [0, 1]


def test_a_line_that_was_cut_by_a_kill_is_dropped(record, pool):
    record.rounds.write_text('{"round": 0}\n{"rou')
    record.on_rounds_start(None, run(pool), 1)
    assert rounds(record) == [{"round": 0}]


def test_labels_that_no_checkpoint_knows_are_dropped(record, pool):
    record.queries.write_text("round,index,label,score\n0,5,1,\n0,3,0,\n1,77,0,0.5\n")
    record.on_rounds_start(None, run(pool), 0)
    assert [row[1] for row in rows(record)[1:]] == ["5", "3"]


def test_what_the_run_is_made_of_is_noted_at_its_start(record, pool, tmp_path):
    record.on_rounds_start(None, run(pool), 0)
    assert json.loads((tmp_path / "run.json").read_text()) == {"pool": 100}


def test_the_end_notes_its_reason_and_the_accuracy(record, pool, tmp_path):
    record.on_rounds_start(None, run(pool), 0)
    record.on_rounds_end(None, "budget")
    facts = json.loads((tmp_path / "run.json").read_text())
    assert (facts["status"], facts["reason"], facts["accuracy"]) == ("finished", "budget", 0.75)


@pytest.mark.parametrize(("name", "lines"), [("rounds.jsonl", 2), ("queries.csv", 13)])
def test_a_disk_that_fills_up_in_mid_run_is_told_and_loses_no_round(
    program, tmp_path, monkeypatch, capsys, name, lines
):
    fsync = os.fsync

    def full(descriptor):
        file = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if file.name == name and file.read_text().count("\n") == lines:
            os.ftruncate(descriptor, file.stat().st_size - 3)
            raise OSError(ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SystemExit, match="2"):
        program()
    monkeypatch.setattr(os, "fsync", fsync)
    told = capsys.readouterr().err.splitlines()[-1]
    assert f"{name} (No space left on device): make room" in told
    program("resume=true")
    program("name=undisturbed")
    assert record_of(tmp_path / "outputs" / "run") == record_of(
        tmp_path / "outputs" / "undisturbed"
    )
