"""Exit codes after signals and errors, with a trainer that only knows what happened to it."""

import signal
from types import SimpleNamespace

import pytest

from askwell.run.exit_codes import exit_code_of_signal


class Child:
    """A process that a launcher has started."""

    def __init__(self):
        self.killed = False

    def kill(self):
        self.killed = True


class Launcher:
    def __init__(self, *procs):
        self.procs, self.signals = list(procs), []

    def kill(self, signum):
        self.signals.append(signum)


def trainer(world_size=1, sigterm=False, interrupted=False, launcher=None):
    connector = SimpleNamespace(received_sigterm=sigterm, _sigterm_notifier_fn="Lightning's own")
    return SimpleNamespace(
        world_size=world_size,
        received_sigterm=sigterm,
        interrupted=interrupted,
        strategy=SimpleNamespace(launcher=launcher),
        _signal_connector=connector,
    )


@pytest.mark.parametrize(
    ("happened", "code"),
    [
        ({"sigterm": True}, 143),
        ({"interrupted": True}, 130),
        ({"sigterm": True, "interrupted": True}, 143),
        ({}, 7),
    ],
)
def test_an_exit_has_the_code_of_the_signal_that_led_to_it(happened, code):
    with pytest.raises(SystemExit, match=f"^{code}$"), exit_code_of_signal(trainer(**happened)):
        raise SystemExit(7)


def test_an_error_after_sigterm_is_the_end_by_sigterm():
    with pytest.raises(SystemExit, match="143"), exit_code_of_signal(trainer(sigterm=True)):
        raise RuntimeError("torn down in the middle")


def test_an_error_without_a_signal_stays_an_error():
    with pytest.raises(RuntimeError, match="a bug"), exit_code_of_signal(trainer()):
        raise RuntimeError("a bug")


def test_an_error_ends_the_processes_that_wait_for_this_one():
    child = Child()
    with (
        pytest.raises(RuntimeError, match="a bug"),
        exit_code_of_signal(trainer(2, launcher=Launcher(child))),
    ):
        raise RuntimeError("a bug")
    assert child.killed


def test_a_run_that_ends_well_is_left_alone():
    child = Child()
    with exit_code_of_signal(trainer(2, launcher=Launcher(child))):
        pass
    assert not child.killed


def test_a_single_process_keeps_lightnings_handler():
    alone = trainer()
    with exit_code_of_signal(alone):
        pass
    assert alone._signal_connector._sigterm_notifier_fn == "Lightning's own"


def test_sigterm_ends_one_of_several_processes_where_it_is_and_its_children():
    launcher = Launcher(Child())
    first = trainer(2, launcher=launcher)
    with pytest.raises(SystemExit, match="143"), exit_code_of_signal(first):
        first._signal_connector._sigterm_notifier_fn(signal.SIGTERM, None)
    assert (launcher.signals, launcher.procs, first._signal_connector.received_sigterm) == (
        [signal.SIGTERM],
        [],
        True,
    )


def test_a_second_sigterm_is_ignored():
    first = trainer(2, sigterm=True, launcher=Launcher(Child()))
    with exit_code_of_signal(first):
        first._signal_connector._sigterm_notifier_fn(signal.SIGTERM, None)
    assert first.strategy.launcher.signals == []
