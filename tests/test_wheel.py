"""The wheel by itself: built from the source distribution, installed without the checkout, used in
an empty folder.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest
from conftest import ROOT

from askwell.run.run_json import read_run

pytestmark = pytest.mark.slow

SMALL = (
    *("dataset=mnist_mini", "rounds=2", "logger=none", "trainer=cpu"),
    *("model.network.width=4", "model.network.hidden=8"),
)
SWEEP = ("-m", "strategy=lc,sm", *SMALL, "name=two words")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `python` and `askwell` in an environment with the wheel, with the packages of
    this one and without its askwell.
    """
    build, environment = (tmp_path_factory.mktemp(name) for name in ("build", "environment"))
    hatchling = [sys.executable, "-m", "hatchling", "build", "-d", str(build)]
    subprocess.run([*hatchling, "-t", "sdist"], cwd=ROOT, check=True)
    with tarfile.open(next(build.glob("*.tar.gz"))) as archive:
        archive.extractall(build, filter="data")
    subprocess.run([*hatchling, "-t", "wheel"], cwd=next(build.glob("*/")), check=True)
    venv.create(environment, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python"), "install"]
    wheel = str(next(build.glob("*.whl")))
    subprocess.run([*pip, "--quiet", "--no-index", "--no-deps", wheel], check=True)
    others = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    # Lines of such a file are not searched for more of its kind, as that of an editable install.
    (site,) = environment.glob("lib/*/site-packages")
    (site / "others.pth").write_text("\n".join(others))
    return environment / "bin"


def call(folder: Path, *words: object) -> str:
    """What a command prints, called in `folder`; it has to succeed."""
    left_out = ("PYTHONPATH", "ASKWELL_DATA", "ASKWELL_CACHE")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    done = subprocess.run(
        [str(word) for word in words],
        **{"cwd": folder, "env": environment, "capture_output": True, "text": True},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that was empty before a sweep was run in it."""
    folder = tmp_path_factory.mktemp("empty")
    call(folder, programs / "askwell", "train", *SWEEP)
    return folder


@pytest.fixture(scope="module")
def sweep(folder: Path) -> Path:
    return folder / "multirun" / "two words"


def test_nothing_of_the_checkout_is_imported(programs, tmp_path):
    for module in ("askwell", "hydra_plugins.askwell_sweeper"):
        where = f"import sys, {module}; print(sys.modules['{module}'].__file__)"
        file = Path(call(tmp_path, programs / "python", "-c", where).strip())
        assert file.is_relative_to(programs.parent)


def test_a_sweep_runs_and_ends_with_its_report(sweep):
    assert [(read_run(sweep / job) or {})["status"] for job in "01"] == ["finished"] * 2
    assert "<html" in (sweep / "report.html").read_text()


def test_the_log_is_named_as_that_of_the_script(sweep):
    assert (sweep / "0" / "train.log").is_file()


def test_everything_is_written_below_the_current_folder(folder):
    assert {path.name for path in folder.iterdir()} == {".cache", "multirun"}


def test_the_command_that_is_recorded_can_be_typed_again(sweep):
    typed = shlex.split((read_run(sweep / "0") or {})["command"])
    assert typed == ["askwell", "train", *SWEEP]


def test_a_run_of_the_wheel_has_no_commit(sweep):
    assert (read_run(sweep / "0") or {})["git_commit"] is None


@pytest.mark.parametrize("flags", [["--help"], ["--cfg", "job", "name=a"], ["--info", "defaults"]])
def test_flags_do_what_they_do_with_the_script(programs, tmp_path, flags):
    script = [programs / "python", ROOT / "train.py"]
    called = [call(tmp_path, *words, *flags) for words in (script, [programs / "askwell", "train"])]
    assert called[0] == called[1] != ""


def test_a_report_is_written_again(programs, folder, sweep):
    call(folder, programs / "askwell", "report", sweep, "--output", sweep / "again")
    assert (sweep / "again" / "report.html").is_file()
    verdicts = call(folder, programs / "askwell", "report", sweep, "--verdict")
    assert json.loads(verdicts)


def test_a_data_set_is_checked(programs, folder):
    told = call(folder, programs / "askwell", "check", "mnist_mini")
    assert "every image can be read" in told


def test_a_strategy_is_tried(programs, folder):
    assert call(folder, programs / "askwell", "conform", "sm")


def test_a_job_of_a_sweep_resumes(programs, sweep, tmp_path):
    call(tmp_path, programs / "askwell", "resume", sweep / "1", "rounds=3")
    assert rounds_of(sweep / "1") == 3
    assert shlex.split(read_run(sweep / "1")["command"])[:2] == ["askwell", "train"]


def rounds_of(run: Path) -> int:
    return len((run / "rounds.jsonl").read_text().splitlines())


def test_a_sweep_resumes(programs, folder, sweep):
    call(folder, programs / "askwell", "resume", sweep, "rounds=4")
    assert [rounds_of(sweep / job) for job in "01"] == [4, 4]


def test_a_run_of_the_script_resumes_without_it(programs, tmp_path):
    script, run = shutil.copy(ROOT / "train.py", tmp_path), tmp_path / "outputs" / "run"
    call(tmp_path, programs / "python", script, *SMALL, "name=run")
    assert read_run(run)["command"].startswith(f"python {script} dataset=mnist_mini")
    Path(script).unlink()
    call(tmp_path, programs / "askwell", "resume", "outputs/run", "rounds=3")
    assert rounds_of(run) == 3


def test_a_module_in_the_working_folder_stands_in_for_none_that_is_installed(programs, tmp_path):
    (tmp_path / "hydra.py").write_text("raise SystemExit('ran')")
    assert "strategy:" in call(tmp_path, programs / "askwell", "train", "--cfg", "job")


def test_several_processes_share_a_run(programs, tmp_path):
    ddp = ("trainer=ddp", "trainer.accelerator=cpu", "name=run")
    call(tmp_path, programs / "askwell", "train", *SMALL[:3], *SMALL[4:], *ddp)
    assert read_run(tmp_path / "outputs" / "run")["processes"] == 2
