"""Notes by which the processes of a run learn who failed first."""

import json
import subprocess
import sys

import pytest
from torch import distributed

from askwell.errors import UserError
from askwell.run.failures import (
    ProcessError,
    failing_as_one,
    first_failure,
    is_lost_connection,
    leave_note,
    noted_failure,
)
from askwell.run.run_folder import RunFolder
from askwell.run.run_json import read_run

LOST = RuntimeError(
    "[third_party/gloo/gloo/transport/tcp/pair.cc:561] Connection closed by peer [127.0.0.1]:5035"
)


@pytest.fixture
def second(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.delenv("RANK", raising=False)


@pytest.mark.parametrize(
    "error", [LOST, distributed.DistBackendError("NCCL error: remote process exited")]
)
def test_a_lost_connection_is_told_from_other_errors(error):
    assert is_lost_connection(error)


def test_an_error_of_the_program_is_no_lost_connection():
    assert not is_lost_connection(RuntimeError("Connection to the data base was refused"))


def test_a_connection_lost_on_the_way_to_another_error_counts():
    error = ValueError("no share")
    error.__cause__ = LOST
    assert is_lost_connection(error)


def test_a_note_of_a_mistake_is_read_as_that_mistake(tmp_path, second):
    leave_note(tmp_path, UserError("a line"))
    failure = noted_failure(tmp_path)
    assert (type(failure), str(failure)) == (UserError, "a line")


def test_a_note_of_any_other_error_names_the_process(tmp_path, second):
    leave_note(tmp_path, KeyError("k"))
    failure = noted_failure(tmp_path)
    assert (type(failure), str(failure)) == (ProcessError, "process 1: KeyError: 'k'")


def test_of_several_notes_the_earliest_counts(tmp_path, monkeypatch):
    for rank, time in ((1, 30.0), (2, 10.0), (3, 20.0)):
        monkeypatch.setenv("LOCAL_RANK", str(rank))
        leave_note(tmp_path, UserError(f"process {rank} failed"))
        (note,) = tmp_path.glob(f".failed-*-{rank}.json")
        note.write_text(json.dumps(json.loads(note.read_text()) | {"time": time}))
    assert str(noted_failure(tmp_path)) == "process 2 failed"


def test_where_nothing_is_noted_nothing_is_known(tmp_path):
    assert first_failure(tmp_path, [], patience=0.2) is None


def test_a_process_that_a_signal_ended_is_named(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])
    child.wait()
    assert str(first_failure(tmp_path, [child])).startswith("process 1 was ended by SIGKILL")


def fails_after_another(folder):
    folder.start({})
    leave_note(folder.path, UserError("the cause"))
    raise LOST


def test_the_first_process_ends_with_what_another_one_noted(tmp_path, second):
    with (
        pytest.raises(UserError, match="the cause"),
        RunFolder(tmp_path) as folder,
        failing_as_one(folder),
    ):
        fails_after_another(folder)
    assert read_run(tmp_path)["reason"] == "the cause"


def test_no_note_stays_in_the_folder(tmp_path, second):
    with (
        pytest.raises(UserError, match="the cause"),
        RunFolder(tmp_path) as folder,
        failing_as_one(folder),
    ):
        fails_after_another(folder)
    assert list(tmp_path.glob(".failed-*")) == []


def test_an_error_of_the_first_process_stays_where_no_other_failed(tmp_path):
    with (
        pytest.raises(KeyError, match="own"),
        RunFolder(tmp_path) as folder,
        failing_as_one(folder),
    ):
        raise KeyError("own")


def test_another_process_leaves_its_mistake_to_the_first_to_print(tmp_path, second):
    with RunFolder(tmp_path) as folder:
        with pytest.raises(SystemExit, match="2"), failing_as_one(RunFolder(tmp_path, owned=False)):
            raise UserError("the cause")
        assert str(noted_failure(folder.path)) == "the cause"


def test_another_process_says_its_mistake_itself_where_no_first_one_runs(tmp_path, second):
    with (
        pytest.raises(UserError, match="the cause"),
        failing_as_one(RunFolder(tmp_path, owned=False)),
    ):
        raise UserError("the cause")


def test_a_process_that_lost_the_others_leaves_no_note(tmp_path, second):
    with pytest.raises(SystemExit, match="1"), failing_as_one(RunFolder(tmp_path, owned=False)):
        raise LOST
    assert noted_failure(tmp_path) is None


def test_notes_of_a_run_that_was_killed_are_cleared_away(tmp_path, second):
    leave_note(tmp_path, UserError("long ago"))
    with RunFolder(tmp_path) as folder, failing_as_one(folder):
        assert noted_failure(tmp_path) is None
