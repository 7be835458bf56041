"""The folder of a run: one owner at a time, and the truth about what happened."""

import json
import os
import signal
import subprocess
import sys
from datetime import datetime

import pytest

from askwell.errors import UserError
from askwell.run.run_folder import RunFolder
from askwell.run.run_json import in_use, read_run, refuse_used

LIMITS = {"rounds": 3, "budget": None, "target_accuracy": None}


@pytest.fixture
def finished(tmp_path):
    with RunFolder(tmp_path) as folder:
        folder.start({}, limits=LIMITS)
        folder.finish("rounds", accuracy=0.9)
    return tmp_path


def fail(path, error, steps=lambda folder: folder.start({})):
    with RunFolder(path) as folder:
        steps(folder)
        raise error


def test_the_folder_is_made(tmp_path):
    with RunFolder(tmp_path / "multirun" / "name" / "0") as folder:
        assert folder.path.is_dir()


def test_a_run_that_goes_on_is_marked_as_running(tmp_path):
    with RunFolder(tmp_path) as folder:
        folder.start({}, seed=0)
        assert {"status": "running", "reason": None, "seed": 0}.items() <= read_run(
            tmp_path
        ).items()


def test_a_finished_run_says_why_and_how_well_it_ended(finished):
    assert {
        "status": "finished",
        "reason": "rounds",
        "accuracy": 0.9,
        "limits": LIMITS,
    }.items() <= read_run(finished).items()


def test_the_start_is_noted_with_its_time_zone(finished):
    assert datetime.fromisoformat(read_run(finished)["started"]).utcoffset() is not None


def test_an_exception_marks_the_run_as_failed_in_one_line(tmp_path):
    with pytest.raises(ValueError, match="two"):
        fail(tmp_path, ValueError("two\n  lines"))
    assert (read_run(tmp_path)["status"], read_run(tmp_path)["reason"]) == ("failed", "two lines")


def test_an_error_that_came_of_another_is_told_with_it(tmp_path):
    error = RuntimeError("call iter() first")
    error.__context__ = OSError("a worker was killed")  # as where it is raised in an except block
    with pytest.raises(RuntimeError, match="call iter"):
        fail(tmp_path, error)
    assert read_run(tmp_path)["reason"] == "call iter() first after: a worker was killed"


def test_what_killed_writers_left_is_cleared_away(tmp_path):
    left = tmp_path / "checkpoints" / ".last.ckpt.123.part"
    left.parent.mkdir()
    left.touch()
    with RunFolder(tmp_path):
        assert not left.exists()


@pytest.mark.parametrize(
    ("error", "reason"), [(KeyError(), "KeyError()"), (KeyboardInterrupt(), "interrupted")]
)
def test_an_exception_without_words_is_told_by_its_kind(tmp_path, error, reason):
    with pytest.raises(type(error), match=r"^$"):
        fail(tmp_path, error)
    assert read_run(tmp_path)["reason"] == reason


def test_an_exception_after_the_end_leaves_the_run_finished(tmp_path):
    with pytest.raises(ValueError, match="late"):
        fail(tmp_path, ValueError("late"), steps=lambda folder: folder.finish("rounds"))
    assert read_run(tmp_path)["status"] == "finished"


def test_an_exception_before_the_start_leaves_no_run_behind(tmp_path):
    with pytest.raises(ValueError, match="early"):
        fail(tmp_path, ValueError("early"), steps=lambda folder: None)
    assert read_run(tmp_path) is None


def test_a_used_folder_is_refused(finished):
    with pytest.raises(
        UserError, match=r"already holds a finished run: choose another name=\.\.\., or resume=true"
    ):
        RunFolder(finished).__enter__()


def test_a_folder_whose_run_was_killed_is_refused_as_unfinished(tmp_path):
    with RunFolder(tmp_path) as folder:
        folder.start({})
        with pytest.raises(UserError, match="already holds an unfinished run"):
            refuse_used([tmp_path], resume=False)


def test_a_refusal_leaves_the_run_as_it_was(finished):
    before = read_run(finished)
    with pytest.raises(UserError, match="already holds") as refusal:
        RunFolder(finished).__enter__()
    assert (read_run(finished), str(finished) in str(refusal.value)) == (before, True)


def test_a_refused_folder_stays_free_for_a_resume(finished):
    with pytest.raises(UserError, match="already holds") as refusal:
        RunFolder(finished).__enter__()
    with RunFolder(finished, resume=True) as folder:
        assert folder.facts["status"] == "finished"
    assert refusal.value.args  # the refusal is alive, and with it all it refers to


def test_resuming_knows_what_was_there(finished):
    with RunFolder(finished, resume=True) as folder:
        assert folder.facts == read_run(finished)


@pytest.mark.parametrize(("limits", "over"), [(LIMITS, True), (LIMITS | {"rounds": 5}, False)])
def test_a_finished_run_is_over_unless_its_limits_were_changed(finished, limits, over):
    with RunFolder(finished, resume=True) as folder:
        assert folder.finished_with(limits) is over


def test_a_failed_run_is_not_over(tmp_path):
    with pytest.raises(ValueError, match="broken"):
        fail(tmp_path, ValueError("broken"))
    with RunFolder(tmp_path, resume=True) as folder:
        assert not folder.finished_with({})


def test_a_resumed_run_forgets_its_failure_and_keeps_its_start(tmp_path):
    with pytest.raises(ValueError, match="broken"):
        fail(tmp_path, ValueError("broken"))
    (tmp_path / "run.json").write_text(
        json.dumps(read_run(tmp_path) | {"started": "2000-01-01T00:00:00+00:00"})
    )
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").touch()
    with RunFolder(tmp_path, resume=True) as folder:
        folder.start({"git_commit": "new"})
        folder.begin()
        found = read_run(tmp_path)
    assert (found["status"], found["reason"], found["started"]) == (
        "running",
        None,
        "2000-01-01T00:00:00+00:00",
    )
    assert [resumed["git_commit"] for resumed in found["resumed"]] == ["new"]


def test_wall_seconds_add_up_over_resumes(finished):
    (finished / "run.json").write_text(json.dumps(read_run(finished) | {"wall_seconds": 1000.0}))
    with RunFolder(finished, resume=True) as folder:
        folder.start({})
        folder.finish("rounds")
    assert 1000 < read_run(finished)["wall_seconds"] < 1100


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ([], False),
        (["last.ckpt"], True),
        (["last.ckpt.previous"], True),
        (["last.ckpt", "last.ckpt.previous"], True),
    ],
)
def test_there_is_a_checkpoint_to_go_on_from_if_it_or_the_one_before_exists(tmp_path, files, found):
    (tmp_path / "checkpoints").mkdir()
    for file in files:
        (tmp_path / "checkpoints" / file).touch()
    assert RunFolder(tmp_path).checkpoint == (
        tmp_path / "checkpoints" / "last.ckpt" if found else None
    )


def test_a_second_run_in_the_folder_is_refused_with_the_process_of_the_first(tmp_path):
    program = (
        "import sys; from askwell.run.run_folder import RunFolder; "
        "RunFolder(sys.argv[1]).__enter__()"
    )
    with RunFolder(tmp_path):
        second = subprocess.run(
            [sys.executable, "-c", program, tmp_path], capture_output=True, text=True
        )
    assert f"UserError: {tmp_path} is in use by process {os.getpid()}: wait for it" in second.stderr


def test_a_folder_is_free_again_when_its_process_died(tmp_path):
    program = (
        "import os, sys; from askwell.run.run_folder import RunFolder; "
        "RunFolder(sys.argv[1]).__enter__(); os.abort()"
    )
    assert subprocess.run([sys.executable, "-c", program, tmp_path]).returncode == -signal.SIGABRT
    with RunFolder(tmp_path) as folder:
        folder.start({})
        assert read_run(tmp_path)["status"] == "running"


def test_a_fit_that_ends_before_its_limits_is_no_finished_run(tmp_path):
    with RunFolder(tmp_path) as folder:
        folder.start({})
    assert read_run(tmp_path)["reason"] == "ended before its limits"


def test_leaving_takes_the_process_id_away(finished):
    assert not (finished / ".pid").exists()


def test_to_the_other_processes_of_a_run_the_folder_is_only_to_read(finished):
    before = read_run(finished)
    with RunFolder(finished, resume=True), RunFolder(finished, owned=False) as folder:
        folder.start({})
    assert read_run(finished) == before


def test_refusal_names_the_folder_that_is_used(finished, tmp_path_factory):
    free = tmp_path_factory.mktemp("free")
    with pytest.raises(UserError, match=f"^{finished} already holds a finished run"):
        refuse_used([free, finished], resume=False)


def test_free_folders_are_not_refused(tmp_path):
    assert refuse_used([tmp_path, tmp_path / "absent"], resume=False) is None


def test_a_resume_refuses_nothing(finished):
    assert refuse_used([finished], resume=True) is None


def test_a_folder_is_in_use_while_a_run_holds_it(tmp_path):
    with RunFolder(tmp_path):
        assert in_use(tmp_path)
    assert not in_use(tmp_path)
