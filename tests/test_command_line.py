"""The commands as a shell runs them: readers that go away, closed streams, disks that refuse, runs
of one second.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import ROOT

from askwell.run.run_json import read_run

pytestmark = pytest.mark.slow

ASKWELL = "from askwell.command.cli import main; main()"


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A line of bash with `askwell` and `train` in it."""
    commands = {"askwell": f"-c '{ASKWELL}'", "train": f"{ROOT}/train.py"}
    functions = [
        f'{name}() {{ {sys.executable} {program} "$@"; }}' for name, program in commands.items()
    ]
    script = "\n".join([*functions, line])
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=300
    )


@pytest.mark.parametrize(
    "line", ["train --help", "train --cfg job", "train --info config", "askwell --help"]
)
def test_a_reader_that_goes_away_ends_a_command_without_a_word(tmp_path, line):
    assert shell(f"{line} | head -c 1", tmp_path).stderr == ""


def test_a_closed_output_is_no_fault(tmp_path):
    done = shell("train --cfg job >&-", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_output_is_one_line(tmp_path):
    done = shell("train --cfg job > /dev/full", tmp_path)
    assert done.stderr == "askwell: cannot write (No space left on device): make room on the disk\n"


@pytest.fixture
def complaint(program, capsys):
    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit, match="2"):
            program(*arguments)
        return capsys.readouterr().err

    return run


@pytest.mark.parametrize("flag", [(), ("-m", "seed=0,1")])
@pytest.mark.parametrize("name", ["n" * 300, "a/" + "n" * 300], ids=["name", "part of a name"])
def test_a_name_that_is_too_long_is_said(complaint, flag, name):
    told = complaint(*flag, f"name={name}")
    assert "File name too long" in told
    assert "choose a shorter name=" in told


@pytest.mark.parametrize("flag", [(), ("-m", "seed=0,1")])
@pytest.mark.parametrize("below", ["", "/below"])
def test_a_file_in_the_place_of_the_folder_is_said(complaint, tmp_path, flag, below):
    (tmp_path / "file").touch()
    told = complaint(*flag, f"hydra.run.dir=file{below}", f"hydra.sweep.dir=file{below}")
    assert "expected a folder and found a file" in told


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("flag", [(), ("-m", "seed=0,1")])
def test_a_folder_that_may_not_be_written_to_is_said(complaint, tmp_path, flag):
    tmp_path.chmod(0o555)
    try:
        assert "Permission denied" in complaint(*flag)
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize("flag", [(), ("-m", "seed=0,1")])
def test_a_file_system_without_locks_is_said(program, complaint, monkeypatch, flag):
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", flock)
    told = complaint(*flag)
    assert "No locks available" in told
    assert "the file system has no locks: choose a place on another disk" in told


def names(folder: Path) -> dict[str, str]:
    return {
        path.parent.name: (read_run(path.parent) or {})["name"]
        for path in folder.glob("*/run.json")
    }


BY_TIME = "name='${now:%Y}'"
"""A name by the time, which is that of all the runs of a test."""


def test_runs_of_one_time_get_a_folder_each_with_its_name(program, tmp_path):
    for seed in range(3):
        program(BY_TIME, f"seed={seed}", "rounds=1")
    found = names(tmp_path / "outputs")
    assert sorted(name[4:] for name in found) == ["", "-2", "-3"]
    assert all(folder == name for folder, name in found.items())


def test_sweeps_of_one_time_get_a_folder_each_with_its_name(program, no_report, tmp_path):
    for _ in range(2):
        program("-m", BY_TIME, "seed=0,1", "rounds=1")
    sweeps = sorted((tmp_path / "multirun").iterdir())
    assert [sweep.name[4:] for sweep in sweeps] == ["", "-2"]
    assert [set(names(sweep).values()) for sweep in sweeps] == [{sweep.name} for sweep in sweeps]


@pytest.mark.slow
def test_runs_begun_at_once_are_all_run(command, tmp_path):
    with ThreadPoolExecutor(3) as threads:
        ended = threads.map(lambda seed: command(BY_TIME, f"seed={seed}", "rounds=1"), range(3))
    assert [done.returncode for done in ended] == [0, 0, 0]
    assert len(names(tmp_path / "outputs")) == 3
