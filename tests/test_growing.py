"""Sweeps that grow: what is missing is run, what is there is left alone, and the whole can be
resumed.
"""

import shutil
from pathlib import Path

import pytest
import yaml
from experiment import record_of
from test_refusals import state

from askwell.command.resume import command_to_resume
from askwell.command.sweep_record import recorded_jobs
from askwell.run.run_json import read_run

FORMER = Path(__file__).parent / "former"

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_report")]


@pytest.fixture
def sweep(program, tmp_path):
    """A finished sweep of two jobs, one round each."""
    program("-m", "strategy=lc", "seed=0,1", "rounds=1")
    return tmp_path / "multirun" / "run"


@pytest.fixture
def grow(program):
    return lambda *arguments: program("-m", "rounds=1", "resume=true", *arguments)


@pytest.fixture
def resume(program):
    return lambda folder, *changes: program(
        *command_to_resume(folder, changes).arguments, shrink=False
    )


def jobs(sweep):
    """Strategy and seed of the run in each folder."""
    runs = {path.parent.name: read_run(path.parent) for path in sorted(sweep.glob("*/run.json"))}
    return {name: (run["strategy"], run["seed"]) for name, run in runs.items()}


@pytest.mark.parametrize("order", ["seed=range(3)", "seed=2,1,0"])
def test_more_seeds_are_added_in_whatever_order(sweep, grow, order):
    grow("strategy=lc", order)
    assert jobs(sweep) == {"0": ("lc", 0), "1": ("lc", 1), "2": ("lc", 2)}


def test_another_strategy_is_added_in_front_of_the_first(sweep, grow):
    grow("strategy=random,lc", "seed=0,1")
    assert jobs(sweep) == {"0": ("lc", 0), "1": ("lc", 1), "2": ("random", 0), "3": ("random", 1)}


def test_what_is_finished_is_left_byte_for_byte(sweep, grow):
    before = [state(sweep / job) for job in "01"]
    grow("strategy=lc", "seed=range(3)")
    assert [state(sweep / job) for job in "01"] == before


def test_a_sweep_with_nothing_missing_is_left_byte_for_byte(sweep, grow, capsys):
    before = state(sweep)
    grow("strategy=lc", "seed=1,0")
    assert state(sweep) == before
    assert "2 of 2 jobs are finished and left as they are" in capsys.readouterr().out


def test_a_job_that_is_gone_is_run_again_in_its_place(sweep, grow):
    whole = record_of(sweep / "0")
    shutil.rmtree(sweep / "0")
    grow("strategy=lc", "seed=0,1")
    assert record_of(sweep / "0") == whole


def test_equal_jobs_of_one_sweep_keep_a_folder_each(program, grow, tmp_path):
    program("-m", "seed=3,3", "rounds=1")
    before = state(tmp_path / "multirun")
    grow("seed=3,3")
    assert state(tmp_path / "multirun") == before
    assert jobs(tmp_path / "multirun" / "run") == {"0": ("lc", 3), "1": ("lc", 3)}


def test_jobs_that_differ_in_a_limit_alone_keep_their_folders(program, tmp_path):
    program("-m", "rounds=1,2")
    before = state(tmp_path / "multirun")
    program("-m", "rounds=2,1", "resume=true")
    assert state(tmp_path / "multirun") == before


def test_a_grown_sweep_is_resumed_as_a_whole(sweep, grow, resume):
    grow("strategy=random", "seed=5")
    shutil.rmtree(sweep / "1")
    resume(sweep, "rounds=2")
    assert jobs(sweep) == {"0": ("lc", 0), "1": ("lc", 1), "2": ("random", 5)}
    assert [len(record_of(sweep / job)[0]) for job in "012"] == [2, 2, 2]


def test_raised_limits_hold_for_the_next_resume_too(sweep, resume):
    resume(sweep, "rounds=2")
    before = state(sweep)
    resume(sweep)
    assert state(sweep) == before


def test_a_sweep_from_before_jobs_were_noted_is_resumed_by_its_numbers(sweep, resume):
    notes = yaml.safe_load((sweep / "multirun.yaml").read_text())
    del notes["hydra"]["sweeper"]["jobs"]
    (sweep / "multirun.yaml").write_text(yaml.safe_dump(notes))
    shutil.rmtree(sweep / "1")
    resume(sweep)
    assert jobs(sweep) == {"0": ("lc", 0), "1": ("lc", 1)}


def test_a_sweep_of_hydras_own_sweeper_is_resumed_too(program, resume, tmp_path):
    program("-m", "seed=0,1", "rounds=1", "hydra/sweeper=basic")
    shutil.rmtree(tmp_path / "multirun" / "run" / "0")
    resume(tmp_path / "multirun" / "run")
    assert jobs(tmp_path / "multirun" / "run") == {"0": ("lc", 0), "1": ("lc", 1)}


def test_jobs_that_failed_at_once_make_room_for_those_of_the_next_try(program, tmp_path):
    with pytest.raises(SystemExit, match="2"):
        program("-m", "query_size=1,2", "rounds=1")
    program("-m", "query_size=6,7", "rounds=1")
    runs = [read_run(tmp_path / "multirun" / "run" / job) for job in "01"]
    assert [(run["status"], run["query_size"]) for run in runs] == [
        ("finished", 6),
        ("finished", 7),
    ]


@pytest.mark.parametrize(
    "change", ["query_size=5", "strategy=sm", "seed=3", "seed=0,1", "strategy=nope", "rouns=3"]
)
@pytest.mark.parametrize("missing", ["none", "job"])
def test_a_change_of_what_is_computed_is_refused_without_a_trace(
    sweep, resume, capsys, change, missing
):
    if missing == "job":
        shutil.rmtree(sweep / "1")
    before = state(sweep)
    with pytest.raises(SystemExit, match="2"):
        resume(sweep, change)
    assert state(sweep) == before
    assert capsys.readouterr().err.startswith("askwell: ")


def test_a_sweep_can_be_resumed_after_a_refused_resume(sweep, resume):
    with pytest.raises(SystemExit, match="2"):
        resume(sweep, "query_size=5")
    shutil.rmtree(sweep / "1")
    resume(sweep)
    assert jobs(sweep) == {"0": ("lc", 0), "1": ("lc", 1)}


def test_a_job_that_does_not_compose_is_refused_before_the_others_run(sweep, grow, capsys):
    before = state(sweep)
    with pytest.raises(SystemExit, match="2"):
        grow("strategy=lc,nope", "seed=0,7")
    assert state(sweep) == before


def test_folders_of_ones_own_naming_are_kept(program, tmp_path):
    naming = "hydra.sweep.subdir='${hydra:runtime.choices.strategy}-${seed}'"
    program("-m", "seed=0", "rounds=1", naming)
    program("-m", "seed=1,0", "rounds=1", "resume=true", naming)
    assert jobs(tmp_path / "multirun" / "run") == {"lc-0": ("lc", 0), "lc-1": ("lc", 1)}


def test_a_job_without_run_json_is_known_by_its_config(sweep, grow):
    (sweep / "1" / "run.json").unlink()
    grow("strategy=lc", "seed=1,0")
    assert jobs(sweep) == {"0": ("lc", 0), "1": ("lc", 1)}


def test_a_damaged_run_json_is_refused_without_a_trace(sweep, grow, capsys):
    (sweep / "1" / "run.json").write_text('{"status": ')
    before = state(sweep)
    with pytest.raises(SystemExit, match="2"):
        grow("strategy=lc", "seed=0,1,2")
    assert state(sweep) == before
    assert "run.json is damaged" in capsys.readouterr().err


def test_the_jobs_of_every_command_are_noted_with_their_folders(sweep, grow):
    grow("strategy=random", "seed=1")
    noted = yaml.safe_load((sweep / "multirun.yaml").read_text())["hydra"]["sweeper"]["jobs"]
    assert [job["folder"] for job in noted] == ["0", "1", "2"]


def test_a_sweep_over_a_group_of_ones_own_is_known_by_what_its_choices_hold(program, tmp_path):
    group = tmp_path / "conf" / "augment"
    group.mkdir(parents=True)
    for name, strength in (("weak", 1), ("strong", 2)):
        (group / f"{name}.yaml").write_text(f"strength: {strength}\n")
    (tmp_path / "conf" / "experiment").mkdir()
    mine = "# @package _global_\ndefaults:\n  - /augment: weak\n"
    (tmp_path / "conf" / "experiment" / "mine.yaml").write_text(mine)
    words = [
        "-m",
        f"hydra.searchpath=[file://{tmp_path / 'conf'}]",
        "experiment=mine",
        "augment=weak,strong",
        "rounds=1",
    ]
    program(*words)
    before = state(tmp_path / "multirun" / "run")
    program(*words, "resume=true")
    assert state(tmp_path / "multirun" / "run") == before
    strengths = [
        read_run(tmp_path / "multirun" / "run" / job)["study"]["augment.strength"]
        for job in ("0", "1")
    ]
    assert strengths == [1, 2]


def test_the_jobs_of_a_former_sweep_with_folders_of_its_own_naming_are_not_renamed(tmp_path):
    former = yaml.safe_load((FORMER / "multirun.yaml").read_text())
    former["hydra"]["sweep"]["subdir"] = "${strategy}-s${seed}"
    (tmp_path / "multirun.yaml").write_text(yaml.safe_dump(former))
    assert [job.folder for job in recorded_jobs(tmp_path)] == [None, None]
    assert [job.folder for job in recorded_jobs(FORMER)] == ["0", "1"]
