"""The verdicts for other programs."""

import json
import sys
from pathlib import Path
from subprocess import run as run_process

import pytest
from report_runs import write_run

from askwell.command.cli import main
from askwell.report.summary import summaries


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Five seeds in which lc reaches 95 % with half of random's labels."""
    for seed in range(5):
        write_run(tmp_path, "random", seed, (0.5, 0.6, 0.8, 0.95))
        write_run(tmp_path, "lc", seed, (0.5, 0.95, 0.95, 0.96))
    return tmp_path


def test_a_summary_holds_the_numbers_of_the_headline(sweep: Path) -> None:
    (found,) = summaries([sweep])
    assert [found[name] for name in ("target", "strategy", "baseline", "seeds")] == [
        0.95,
        "lc",
        "random",
        5,
    ]


def test_a_saving_and_its_interval_are_shares(sweep: Path) -> None:
    (found,) = summaries([sweep])
    assert [found[name] for name in ("saving", "low", "high")] == pytest.approx([0.5, 0.375, 0.625])


def test_what_the_test_finds_is_named(sweep: Path) -> None:
    (found,) = summaries([sweep])
    assert (found["better"], found["worse"], found["claims_saving"]) == (["lc"], [], True)


def test_what_a_group_lacks_is_null(tmp_path: Path) -> None:
    write_run(tmp_path, "lc")
    (found,) = summaries([tmp_path])
    absent = ("target", "baseline", "saving", "low", "high", "seeds")
    assert ([found[name] for name in absent], found["claims_saving"]) == ([None] * 6, False)


def test_runs_that_wait_for_answers_have_a_verdict_that_claims_nothing(tmp_path: Path) -> None:
    for seed in range(5):
        write_run(tmp_path, "random", seed, (0.5, 0.6), status="waiting", reason=None)
        write_run(tmp_path, "lc", seed, (0.5, 0.9), status="waiting", reason=None)
    (found,) = summaries([tmp_path])
    assert found["sentence"].startswith("No run has finished yet.")


def test_a_run_that_waits_for_its_first_labels_has_no_verdict(tmp_path: Path) -> None:
    write_run(tmp_path, "lc", 0, (), status="waiting", reason=None)
    assert summaries([tmp_path]) == []


def test_the_command_prints_json(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["report", str(sweep), "--verdict"])
    assert json.loads(capsys.readouterr().out) == summaries([sweep])


def test_the_command_writes_nothing(sweep: Path) -> None:
    before = sorted(sweep.rglob("*"))
    main(["report", str(sweep), "--verdict"])
    assert sorted(sweep.rglob("*")) == before


def test_a_verdict_alone_does_not_import_matplotlib(sweep: Path) -> None:
    code = "import sys, pathlib; from askwell.report.summary import summaries; "
    code += f"summaries([pathlib.Path({str(sweep)!r})]); sys.exit('matplotlib' in sys.modules)"
    assert run_process([sys.executable, "-c", code]).returncode == 0
