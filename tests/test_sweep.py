"""Sweeps on several devices and on a cluster."""

import os

import pytest
from experiment import equal, record_of, weights_of

from askwell.command import cli, sweep

DEVICES = ["trainer=ddp", "trainer.accelerator=cpu"]


def test_a_sweep_of_jobs_with_several_processes_is_refused_with_the_way_that_works(
    program, no_report, capsys
):
    with pytest.raises(SystemExit, match="2"):
        program("-m", "strategy=lc", *DEVICES)
    words = capsys.readouterr().err
    assert "trainer.devices=2 in a sweep" in words
    assert "Give every job one device, trainer.devices=1" in words


@pytest.mark.slow
def test_jobs_sent_out_by_submitit_end_as_those_of_a_plain_sweep(
    program, command, no_report, tmp_path
):
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="needs askwell[cluster]")
    path = os.environ.get("PYTHONPATH", "")
    sent = command("-m", "seed=0,1", "name=sent", "hydra/launcher=submitit_local", PYTHONPATH=path)
    program("-m", "seed=0,1", "name=plain")
    assert sent.returncode == 0, sent.stderr
    for job in "01":
        folders = [tmp_path / "multirun" / name / job for name in ("sent", "plain")]
        assert record_of(folders[0]) == record_of(folders[1])
        assert equal(*map(weights_of, folders))


def test_a_report_is_written_again_only_where_a_job_has_run(program, monkeypatch):
    reports = []

    def report_on(folders, output):
        reports.append(output)
        (output / "report.html").touch()

    monkeypatch.setattr(cli, "report_on", report_on)
    for seeds in ("0", "0", "0,1"):
        program("-m", f"seed={seeds}", "rounds=1", "resume=true")
        monkeypatch.setattr(sweep, "started", [])
    assert len(reports) == 2
