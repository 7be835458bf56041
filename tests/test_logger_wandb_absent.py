import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from round_facts import round_result, trainer_with
from wandb_jobs import CONFIG, history, records, run_files, run_job, without_account

from askwell.errors import UserError
from askwell.logger import close_loggers
from askwell.logger.rounds import LogRounds
from askwell.logger.wandb import WandbLogger

pytestmark = pytest.mark.slow


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    with without_account(tmp_path) as monkeypatch:
        yield monkeypatch


@pytest.mark.usefixtures("environment")
def test_a_job_leaves_no_setting_to_the_next(tmp_path: Path) -> None:
    before = dict(os.environ)
    run_job(tmp_path, 0)
    assert {name for name, value in os.environ.items() if before.get(name) != value} <= {
        "WANDB_SERVICE"
    }


@pytest.mark.usefixtures("environment")
def test_without_a_key_one_line_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_job(tmp_path, 0)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "W&B is offline, as there is no API key: `wandb login` logs in; `wandb sync "
    )


@pytest.mark.slow
def test_a_key_with_a_dead_server_goes_offline_in_seconds_and_says_so(
    environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("WANDB_API_KEY", "0" * 40)
    environment.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    started = time.monotonic()
    run_job(tmp_path, 0, init_timeout=2)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("W&B is offline, as the server cannot be used (")
    assert time.monotonic() - started < 15
    assert len(run_files(tmp_path)) == 1


def test_the_mode_of_the_environment_is_followed(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("WANDB_MODE", "disabled")
    run_job(tmp_path, 0)
    assert not run_files(tmp_path)


def test_a_mode_asked_for_wins_over_the_environment(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("WANDB_MODE", "disabled")
    run_job(tmp_path, 0, mode="offline")
    assert len(run_files(tmp_path)) == 1


def test_an_unknown_mode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"logger\.wandb\.mode=of: expected one of online, offline, disabled"
    ):
        WandbLogger(str(tmp_path), mode="of")


def test_a_run_alone_keeps_its_files_in_its_own_folder(tmp_path: Path) -> None:
    assert WandbLogger(str(tmp_path / "outputs/a"), str(tmp_path / "multirun/a")).save_dir == str(
        tmp_path / "outputs/a"
    )


@pytest.mark.usefixtures("environment")
def test_a_resumed_run_goes_on_under_its_id(tmp_path: Path) -> None:
    first, resumed = (run_job(tmp_path, 0).version for _ in range(2))
    assert first is not None
    assert resumed == first


@pytest.mark.usefixtures("environment")
def test_a_wandb_that_dies_is_told_once_and_ends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logger, log_rounds = WandbLogger(str(tmp_path), mode="offline"), LogRounds()
    logger.log_hyperparams(CONFIG)
    kill_service()
    for round in range(3):
        log_rounds.on_round_end(trainer_with(logger), round_result(round))
    log_rounds.on_rounds_end(trainer_with(logger), "rounds")
    logger.log_hyperparams(CONFIG)
    close_loggers([logger], failed=False)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("W&B is off for the rest of this run (")


@pytest.mark.usefixtures("environment")
def test_the_job_after_a_wandb_that_died_has_its_run(tmp_path: Path) -> None:
    logger = WandbLogger(str(tmp_path / "dead"), mode="offline")
    logger.log_hyperparams(CONFIG)
    kill_service()
    logger.log_metrics({"accuracy": 0.5})
    run_job(tmp_path, 1)
    assert history(records(run_files(tmp_path)[0]), "accuracy")


def kill_service() -> None:
    """Kills wandb's background process, a child of this one."""
    for status in Path("/proc").glob("[0-9]*/status"):
        lines = status.read_text().splitlines()
        if "Name:\twandb-core" in lines and f"PPid:\t{os.getpid()}" in lines:
            os.kill(int(status.parent.name), signal.SIGKILL)
            time.sleep(0.5)  # until the connection is known to be lost


@pytest.mark.slow
@pytest.mark.usefixtures("environment")
def test_nobody_is_asked_on_a_terminal(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    job = Path(__file__).parent / "wandb_jobs.py"
    done = subprocess.run(
        [sys.executable, str(job), str(tmp_path)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        timeout=90,
    )
    os.close(slave)
    shown = os.read(master, 1 << 16).decode()
    assert (done.returncode, shown.count("\n"), "no API key" in shown) == (0, 1, True)
