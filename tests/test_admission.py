"""Which checkpoints a run may continue from."""

import json

import pytest

from askwell.errors import UserError
from askwell.run.admission import Admission, RecordBehindError, recorded_rounds, refuse_gaps


@pytest.fixture
def admit(tmp_path):
    """The admission of a run with four recorded rounds."""
    write(tmp_path, range(4))
    return Admission(tmp_path, {"seed": 0}, (), {"data set": "d"}, "Learning", "Record")


def write(folder, rounds):
    (folder / "rounds.jsonl").write_text(
        "".join(json.dumps({"round": number}) + "\n" for number in rounds)
    )


def checkpoint(rounds=4, data="d", seed=0):
    learning = {"round": rounds, "study": {"data set": data}}
    return {"callbacks": {"Learning": learning, "Record": {"study": {"seed": seed}}}}


@pytest.mark.parametrize("rounds", [3, 4])
def test_a_checkpoint_of_recorded_rounds_is_admitted(admit, rounds):
    assert admit(checkpoint(rounds)) is None


def test_a_checkpoint_ahead_of_the_record_is_behind_it(admit):
    with pytest.raises(
        RecordBehindError, match=r"rounds\.jsonl lacks round 4, its lines are missing"
    ):
        admit(checkpoint(5))


def test_a_checkpoint_says_its_study_where_run_json_was_lost(admit):
    with pytest.raises(UserError, match="holds a run with seed=1, this one has seed=0"):
        admit(checkpoint(seed=1))


def test_a_checkpoint_of_other_data_is_refused(admit):
    with pytest.raises(UserError, match="made with data set other, this run has d"):
        admit(checkpoint(data="other"))


@pytest.mark.parametrize(
    "foreign", [{}, {"callbacks": None}, {"callbacks": {}}, {"callbacks": {"Learning": 1}}, []]
)
def test_the_checkpoint_of_another_program_is_refused(admit, foreign):
    with pytest.raises(UserError, match="is not one of Askwell's"):
        admit(foreign)


def test_a_missing_round_is_named(tmp_path):
    write(tmp_path, [0, 1, 3, 4])
    with pytest.raises(UserError, match="lacks round 2, "):
        refuse_gaps(tmp_path / "rounds.jsonl")


@pytest.mark.parametrize("rounds", [[0, 2, 1], [0, 1, 1, 2]])
def test_rounds_out_of_order_are_refused(tmp_path, rounds):
    write(tmp_path, rounds)
    with pytest.raises(UserError, match="does not hold its rounds in order"):
        refuse_gaps(tmp_path / "rounds.jsonl")


def test_the_cut_last_line_of_a_killed_run_is_no_round(tmp_path):
    write(tmp_path, range(3))
    with (tmp_path / "rounds.jsonl").open("a") as file:
        file.write('{"round": 3, "lab')
    assert recorded_rounds(tmp_path / "rounds.jsonl") == [0, 1, 2]
