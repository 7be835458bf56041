"""Runs of former versions of Askwell: they resume, stay as they were recorded, and are compared
with runs of today.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from experiment import equal, record_of, weights_of

from askwell.report.groups.grouping import group_runs
from askwell.report.reading.records import read

FORMER = Path(__file__).parent / "former"
COMMIT = "4940791"
STUDY = [
    *("query_size=12", "initial_size=12", "logger=none", "trainer=cpu", "dataset.classes=[3,5,8]"),
    *("model=cnn2", "model.network.width=4", "model.network.hidden=8"),
]


@pytest.fixture
def former(tmp_path):
    """A copy of a run of smallest margin that commit 4940791 finished after four rounds."""
    return shutil.copytree(FORMER / "0", tmp_path / "outputs" / "former")


@pytest.fixture
def resume(program, cache_dir):
    """Runs the study of `former`, as seed 0 of smallest margin unless the arguments say
    otherwise.
    """

    def resumed(*arguments):
        study = [
            "strategy=sm",
            "seed=0",
            f"cache_dir={cache_dir}",
            "name=former",
            "resume=true",
            *STUDY,
        ]
        program(*study, *arguments, shrink=False)

    return resumed


def test_a_former_run_resumes_and_keeps_what_it_recorded(former, resume):
    files = [former / "rounds.jsonl", former / "queries.csv"]
    before = [file.read_bytes() for file in files]
    resume("rounds=6")
    after = [file.read_bytes() for file in files]
    assert [now[: len(then)] for now, then in zip(after, before, strict=True)] == before
    assert after[0].count(b"\n") == 6


def test_two_resumes_of_a_former_run_are_equal(former, resume, tmp_path):
    copy = shutil.copytree(former, tmp_path / "outputs" / "copy")
    resume("rounds=6")
    resume("rounds=6", "name=copy")
    assert record_of(former) == record_of(copy)
    assert equal(weights_of(former), weights_of(copy))


def test_another_study_does_not_continue_a_former_run(former, resume, capsys):
    with pytest.raises(SystemExit, match="2"):
        resume("rounds=6", "query_size=13")
    assert "holds a run with query_size=12, this one has query_size=13" in capsys.readouterr().err


def test_a_former_run_is_of_one_group_with_a_run_of_today(former, resume, tmp_path):
    resume("rounds=4", "name=today", "seed=1", "resume=false")
    (group,) = group_runs(read([tmp_path / "outputs"], tmp_path))
    assert sorted(group.runs["seed"]) == [0, 1]


def test_a_former_run_is_known_after_its_modules_were_renamed(former, resume, tmp_path):
    run = (former / "run.json").read_text()
    assert "askwell.model.cnn.ConvolutionalNetwork" in run
    renamed = run.replace("askwell.model.cnn.", "askwell.networks.").replace(
        "askwell.acquisition.", "askwell.scores."
    )
    (former / "run.json").write_text(renamed)
    resume("rounds=5")
    resume("rounds=4", "name=today", "seed=1", "resume=false")
    assert len(group_runs(read([tmp_path / "outputs"], tmp_path))) == 1


@pytest.fixture(scope="module")
def former_code(tmp_path_factory):
    """The program as it was at that commit."""
    folder = tmp_path_factory.mktemp("former") / "askwell"
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", COMMIT], capture_output=True)
    if archive.returncode:
        pytest.skip(f"the history of this checkout does not reach back to {COMMIT}")
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["sm", "entropy", "random"])
def test_a_run_of_the_former_code_is_equal_bit_for_bit(former_code, resume, tmp_path, strategy):
    subprocess.run(
        [
            sys.executable,
            "train.py",
            f"strategy={strategy}",
            "seed=3",
            "rounds=5",
            "name=then",
            *STUDY,
        ],
        cwd=former_code,
        env=os.environ | {"PYTHONPATH": str(former_code / "src"), "OMP_NUM_THREADS": "1"},
        check=True,
    )
    resume(f"strategy={strategy}", "seed=3", "rounds=5", "name=now", "resume=false")
    then, now = former_code / "outputs" / "then", tmp_path / "outputs" / "now"
    shutil.move(then, tmp_path / "then")
    (rounds, queries), (rounds_now, queries_now) = map(record_of, (tmp_path / "then", now))
    for before, after in zip(rounds, rounds_now, strict=True):
        assert close(before.pop("query_diversity"), after.pop("query_diversity"))
        assert before.items() <= after.items()
    assert queries == queries_now
    assert equal(weights_of(tmp_path / "then"), weights_of(now))


def close(one, other):
    """Equal but for last bits: the features of a query are read off another graph than before."""
    return one == (other if other is None else pytest.approx(other, rel=1e-5))
