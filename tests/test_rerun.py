"""`askwell resume`: a run, a job of a sweep and a whole sweep go on from their folder alone."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from experiment import equal, record_of, weights_of

from askwell.command import cli, resume
from askwell.command.overrides import PACKAGE
from askwell.command.resume import command_to_resume
from askwell.errors import UserError
from askwell.run.run_json import read_run

pytestmark = pytest.mark.slow


@pytest.fixture
def go_on(program):
    """Goes on with a folder within this process."""

    def run(folder, *overrides):
        program(*command_to_resume(folder, overrides).arguments, shrink=False)

    return run


@pytest.mark.parametrize(
    ("began", "folder"),
    [
        (("name=parts",), "outputs/parts"),
        (("name=parts", "hydra.run.dir='elsewhere, in=a {b}'"), "elsewhere, in=a {b}"),
        (("name=parts", "-m", "strategy=entropy,lm"), "multirun/parts/1"),
    ],
    ids=["run", "run in a folder of a difficult name", "job of a sweep"],
)
def test_a_run_goes_on_where_it_was(program, no_report, go_on, tmp_path, began, folder):
    program(*began, "rounds=2")
    go_on(tmp_path / folder, "rounds=3")
    program("name=at_once", "strategy=lm" if "-m" in began else "strategy=lc")
    assert record_of(tmp_path / folder) == record_of(tmp_path / "outputs" / "at_once")
    assert equal(weights_of(tmp_path / folder), weights_of(tmp_path / "outputs" / "at_once"))


def test_a_run_that_went_on_goes_on_again(program, go_on, tmp_path):
    program("rounds=1")
    for rounds in (2, 3):
        go_on(tmp_path / "outputs" / "run", f"rounds={rounds}")
    assert len(record_of(tmp_path / "outputs" / "run")[0]) == 3


def test_of_a_sweep_the_finished_jobs_stay_the_broken_one_goes_on_and_the_rest_run(
    program, no_report, go_on, tmp_path
):
    sweep = tmp_path / "multirun" / "run"
    program("-m", "seed=0,1,2")
    whole = [record_of(sweep / job) for job in "012"]
    rewind(sweep / "1")
    shutil.rmtree(sweep / "2")
    finished = (sweep / "0" / "run.json").stat().st_mtime_ns
    go_on(sweep)
    assert [record_of(sweep / job) for job in "012"] == whole
    assert (sweep / "0" / "run.json").stat().st_mtime_ns == finished


def rewind(run):
    """Makes a finished run one that was killed after its first round but one."""
    (run / "checkpoints" / "last.ckpt").unlink()
    (run / "run.json").write_text((run / "run.json").read_text().replace('"finished"', '"running"'))


def test_a_run_keeps_a_name_that_nobody_gave_it(program, go_on, tmp_path):
    program("name='${now:%Y-%f}'", "rounds=1")
    (folder,) = (tmp_path / "outputs").iterdir()
    assert f"name='{read_run(folder)['name']}'" in command_to_resume(folder).arguments


def test_what_is_said_goes_before_what_was_recorded(program, tmp_path):
    program("rounds=1")
    arguments = command_to_resume(
        tmp_path / "outputs" / "run", ["rounds=9", "trainer=default"]
    ).arguments
    assert [argument for argument in arguments if argument.startswith(("rounds=", "trainer="))] == [
        "rounds=9",
        "trainer=default",
    ]


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(
        UserError,
        match=r"holds no run and no sweep: expected multirun\.yaml or \.hydra/hydra\.yaml",
    ):
        command_to_resume(tmp_path)


def test_a_run_that_was_moved_goes_on_where_it_is_now(program, go_on, tmp_path):
    program("rounds=2")
    moved = shutil.move(tmp_path / "outputs" / "run", tmp_path / "moved (1)")
    rewrite(moved, str(tmp_path), "/nowhere")
    rewrite(moved, str(ROOT / "conf"), "/nowhere/else/conf")
    go_on(moved, "rounds=3")
    program("name=at_once")
    assert record_of(moved) == record_of(tmp_path / "outputs" / "at_once")


def rewrite(run, old, new):
    """Changes what Hydra noted of where a run began."""
    notes = run / ".hydra" / "hydra.yaml"
    notes.write_text(notes.read_text().replace(old, new))


def test_a_program_that_is_gone_is_taken_to_be_that_of_this_installation(program, tmp_path):
    program("rounds=1")
    rewrite(tmp_path / "outputs" / "run", str(ROOT / "conf"), "/nowhere/conf")
    assert command_to_resume(tmp_path / "outputs" / "run").program == ROOT / "train.py"


def test_a_module_of_the_package_is_no_program(program, tmp_path):
    program("rounds=1", "hydra.job.name=pool")
    folder = tmp_path / "outputs" / "run"
    rewrite(folder, str(ROOT / "conf"), str(PACKAGE / "conf"))
    assert (PACKAGE / "pool.py").is_file()
    assert command_to_resume(folder, trust=True).program == ROOT / "train.py"


@pytest.fixture
def installed(program, monkeypatch, tmp_path):
    """A run, with Askwell's script gone as it is where the wheel is installed."""
    program("rounds=1")
    rewrite(tmp_path / "outputs" / "run", str(ROOT / "conf"), str(PACKAGE / "conf"))
    monkeypatch.setattr(resume, "SCRIPT", PACKAGE / "train.py")
    return tmp_path / "outputs" / "run"


def test_without_a_script_the_installed_program_resumes(installed, tmp_path, monkeypatch):
    became = []
    monkeypatch.setattr(
        os,
        "execve",
        lambda path, words, environment: became.append(
            (os.getcwd(), *words[:3], environment["PYTHONSAFEPATH"])
        ),
    )
    cli.main(["resume", str(installed), "rounds=2"])
    # Modules of that folder are nobody's to trust.
    assert became == [(str(tmp_path), sys.executable, "-m", "askwell.command.train", "1")]


def test_the_installed_program_is_shown_as_it_is_typed(installed):
    rewrite(installed, "task:", "task:\n    - +x._target_=os.system")
    with pytest.raises(UserError, match=r"add --trust, which runs: askwell train .*x\._target_"):
        command_to_resume(installed)


@pytest.fixture
def foreign(program, tmp_path):
    """A run begun by a program that is not Askwell's."""
    program("rounds=1")
    (tmp_path / "theirs" / "conf").mkdir(parents=True)
    (tmp_path / "theirs" / "train.py").write_text("raise SystemExit('ran')")
    rewrite(tmp_path / "outputs" / "run", str(ROOT / "conf"), str(tmp_path / "theirs" / "conf"))
    return tmp_path / "outputs" / "run"


def test_another_program_is_shown_and_not_run(foreign, tmp_path):
    shown = (
        r"names what is not Askwell's.*add --trust, which runs: python "
        rf"{tmp_path}/theirs/train\.py .*rounds=9"
    )
    with pytest.raises(UserError, match=shown):
        command_to_resume(foreign, ["rounds=9"])


def test_another_program_is_run_where_it_is_trusted(foreign, tmp_path):
    assert command_to_resume(foreign, trust=True).program == tmp_path / "theirs" / "train.py"


@pytest.mark.parametrize("flag", ["first", "last"])
def test_trust_may_be_given_anywhere(foreign, monkeypatch, flag):
    asked = []
    monkeypatch.setattr("askwell.command.resume.resume", lambda *arguments: asked.append(arguments))
    cli.main(
        [
            "resume",
            *(["--trust"] if flag == "first" else []),
            "a",
            "rounds=3",
            *(["--trust"] * (flag == "last")),
        ]
    )
    assert asked == [(Path("a"), ["rounds=3"], True)]


@pytest.mark.parametrize(
    "word",
    [
        "+x._target_=os.system",
        "hydra.callbacks.x._target_=os.system",
        "hydra.searchpath=[file:///x]",
    ],
)
def test_what_a_folder_wants_to_have_run_is_refused_and_what_its_user_wants_is_not(
    program, tmp_path, word
):
    program("rounds=1")
    folder = tmp_path / "outputs" / "run"
    assert word in command_to_resume(folder, [word]).arguments
    rewrite(folder, "- seed=0" if "seed" in word else "task:", f"task:\n    - {word}")
    with pytest.raises(UserError, match="could run anything"):
        command_to_resume(folder)


def test_a_folder_of_configuration_needs_trust(program, tmp_path):
    program("rounds=1")
    rewrite(tmp_path / "outputs" / "run", "provider: schema", "provider: command-line")
    with pytest.raises(UserError, match="could run anything"):
        command_to_resume(tmp_path / "outputs" / "run")


@pytest.mark.parametrize("name", ["multirun.yaml", ".hydra/hydra.yaml"])
@pytest.mark.parametrize(
    "content",
    [
        *(
            b"",
            b"a: 1",
            b"hydra: 5",
            b"hydra: {runtime: {}}",
            b"{",
            b"\xff\xfe\x00",
            b"[" * 3000,
            b"- a",
            b"hydra: [a]",
        ),
        b"hydra: !!python/object/apply:os.system [id]",
        b"hydra: {runtime: {cwd: 3, config_sources: [a]}, job: {name: x}, overrides: {hydra: [], "
        b"task: []}}",
        b"hydra: {runtime: {cwd: /, config_sources: [{provider: main, path: /}]}, job: {name: "
        b"../x}, overrides: {}}",
    ],
)
def test_damaged_notes_are_named_in_one_line(tmp_path, name, content):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name} is damaged"):
        command_to_resume(tmp_path)


def test_the_command_becomes_the_program(program, tmp_path, monkeypatch):
    program("rounds=1")
    became = []
    monkeypatch.setattr(
        os,
        "execve",
        lambda path, arguments, environment: became.append((os.getcwd(), path, *arguments[:2])),
    )
    cli.main(["resume", str(tmp_path / "outputs" / "run"), "rounds=2"])
    (called,) = became
    assert called[:3] == (str(tmp_path), sys.executable, sys.executable)
    assert called[3].endswith("train.py")
