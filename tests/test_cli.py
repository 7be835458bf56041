"""The command line: a user's mistake is one line and exit code 2, a fault of ours is a
traceback.
"""

import gc
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hydra.errors import HydraException, InstantiationException, MissingConfigException
from omegaconf.errors import ConfigKeyError

from askwell.command import cli, sweep
from askwell.command.cli import main, with_user_errors
from askwell.command.launch import launch
from askwell.command.program import importing
from askwell.errors import UserError, user_error


def raised(*chain: BaseException) -> BaseException:
    """The last of `chain`, each raised while the one before it was handled."""
    for cause, error in pairwise(chain):
        error.__context__ = cause
    return chain[-1]


def wrapped(*chain: BaseException) -> BaseException:
    """The last of `chain`, each raised from the one before it."""
    for cause, error in pairwise(chain):
        error.__cause__ = cause
    return chain[-1]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("rounds=0: expected at least 1"), "rounds=0: expected at least 1"),
        (wrapped(UserError("ours"), InstantiationException("hydra's")), "ours"),
        (wrapped(UserError("ours"), ValueError("theirs"), RuntimeError("and theirs")), "ours"),
        (raised(UserError("ours"), RuntimeError("theirs")), "ours"),
        (raised(HydraException("hydra's"), UserError("ours")), "ours"),
        (wrapped(UserError("first"), UserError("last")), "last"),
        (MissingConfigException("could not find", "strategy/best"), "could not find"),
        (wrapped(ConfigKeyError("no such key"), RuntimeError("theirs")), "no such key"),
        (
            wrapped(ConfigKeyError("no such key"), HydraException("while composing")),
            "while composing",
        ),
        (UserError("over\n  several\tlines\n"), "over several lines"),
    ],
)
def test_the_line_of_a_users_mistake_is_found_among_its_causes(error, line):
    assert user_error(error) == line


@pytest.mark.parametrize(
    "error", [ValueError("ours"), raised(KeyError("a"), ValueError("b")), KeyboardInterrupt()]
)
def test_a_fault_of_ours_has_no_line(error):
    assert user_error(error) is None


def mistake():
    raise UserError("query_size=0:\nexpected 1 to 4000")


def test_a_mistake_exits_with_2(capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        with_user_errors(mistake)


def test_a_mistake_is_one_line_on_the_error_stream(capsys):
    with pytest.raises(SystemExit, match="2"):
        with_user_errors(mistake)
    assert capsys.readouterr() == ("", "askwell: query_size=0: expected 1 to 4000\n")


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("ours"), KeyboardInterrupt("ours"), MemoryError("ours")]
)
def test_what_is_no_mistake_of_the_users_propagates(error):
    def work():
        raise error

    with pytest.raises(type(error), match="ours"):
        with_user_errors(work)


def test_work_without_mistakes_is_done_in_silence(capsys):
    done = []
    with_user_errors(lambda: done.append(1))
    assert (done, capsys.readouterr()) == ([1], ("", ""))


@pytest.fixture
def reports(monkeypatch):
    """What is asked of the report: (folders, output) of each call."""
    asked = []
    monkeypatch.setattr(cli, "report_on", lambda folders, output: asked.append((folders, output)))
    return asked


@pytest.fixture
def sweep_folder(tmp_path, monkeypatch):
    """A sweep that has started a job."""
    monkeypatch.setattr(sweep, "started", [tmp_path])
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "run.json").write_text("{}")
    return tmp_path


def test_a_sweep_ends_with_its_report(sweep_folder, reports):
    launch(lambda: None)
    assert reports == [([sweep_folder], sweep_folder)]


def test_a_sweep_that_breaks_is_reported_too(sweep_folder, reports):
    with pytest.raises(SystemExit, match="2"):
        launch(mistake)
    assert reports == [([sweep_folder], sweep_folder)]


def test_a_sweep_without_a_run_has_nothing_to_report(sweep_folder, reports):
    (sweep_folder / "0" / "run.json").unlink()
    launch(lambda: None)
    assert reports == []


@pytest.mark.parametrize(
    ("options", "output"),
    [([], Path("multirun/a")), (["--output", "there"], Path("there"))],
    ids=["default", "said"],
)
def test_the_report_goes_into_the_first_folder_unless_it_is_said(reports, options, output):
    main(["report", "multirun/a", "multirun/b", *options])
    assert reports == [([Path("multirun/a"), Path("multirun/b")], output)]


@pytest.mark.parametrize("arguments", [[], ["report"], ["repair", "multirun/a"]])
def test_a_command_that_is_not_understood_exits_with_2(reports, arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "usage: askwell" in capsys.readouterr().err


@pytest.mark.parametrize("package", ["hydra", "omegaconf", "pandas", "rich", "torch"])
def test_the_list_of_commands_waits_for_no_library(package):
    program = f"import sys, askwell.command.cli; assert '{package}' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("package", ["pandas", "pytorch_lightning", "torch"])
def test_a_sweep_that_lacks_nothing_waits_for_no_library(package):
    modules = "askwell.command.train, askwell.command.sweep_plan"
    program = f"import sys, {modules}; assert '{package}' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_train_is_listed_and_what_follows_it_is_hydras(monkeypatch, capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert "train" in capsys.readouterr().out
    became = []
    monkeypatch.setattr(os, "execve", lambda path, words, environment: became.append(words[1:]))
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    main(["train", "-m", "--help", "strategy=lc,sm"])
    assert became == [["-m", "askwell.command.train", "-m", "--help", "strategy=lc,sm"]]


def test_garbage_is_collected_again_after_an_import_also_one_that_fails():
    is_collected = []

    def fail():
        with importing("missing"):
            is_collected.append(gc.isenabled())
            raise ImportError("missing")

    with pytest.raises(ImportError, match="missing"):
        fail()
    gc.unfreeze()
    assert [*is_collected, gc.isenabled()] == [False, True]


def test_a_library_that_is_there_holds_back_no_collection():
    with importing("sys"):
        assert gc.isenabled()
