"""Sweeps on several devices, and their report."""

import pytest

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
