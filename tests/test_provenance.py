"""What a run ran on."""

import os
import shlex
import subprocess
import sys

import numpy as np
import pytest
import torch

from askwell import provenance
from askwell.provenance import device_name, digest, of_process, threads_of, weights_digest


def test_the_command_can_be_typed_again(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", "name=two words", "seed=range(3)"])
    assert shlex.split(of_process()["command"]) == ["python", "train.py", "name=two words", "seed=range(3)"]


def test_the_versions_are_those_of_the_loaded_packages():
    versions = of_process()["versions"]
    loaded = {"torch": torch.__version__.split("+")[0], "numpy": np.__version__}
    assert {name: versions[name].split("+")[0] for name in loaded} == loaded


def test_the_commit_is_that_of_the_checkout(monkeypatch, tmp_path):
    (tmp_path / "module.py").touch()
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "module.py"))
    assert of_process()["git_commit"] == head[:12]


def test_a_program_outside_a_checkout_has_no_commit(monkeypatch, tmp_path):
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "module.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert of_process()["git_commit"] is None


def test_a_machine_without_git_has_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert of_process()["git_commit"] is None


def test_a_digest_is_of_the_values_and_their_order():
    values = np.array([1, 2, 3])
    assert digest(values) == digest(values.copy()) != digest(values[::-1])


def test_a_digest_does_not_depend_on_the_layout_in_memory():
    square = np.arange(9).reshape(3, 3)
    assert digest(square.T) == digest(square.T.copy()) != digest(square)


def test_one_changed_weight_changes_the_digest():
    weights = {"a": torch.zeros(3), "b": torch.ones(2)}
    changed = {**weights, "b": torch.tensor([1.0, 1.0001])}
    assert weights_digest(weights) != weights_digest(changed)


def test_the_device_of_a_cpu_run_says_its_threads():
    assert device_name(torch.device("cpu")).endswith(f", {torch.get_num_threads()} threads)")


@pytest.mark.parametrize("run", [{"threads": 3}, {"device": "cpu (x86_64, 3 threads)"}])
def test_a_resumed_run_computes_with_the_threads_it_began_with(run, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    before = torch.get_num_threads()
    with threads_of(run):
        within = torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]
    assert (within, torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]) == ((3, "3"), before, "7")


def test_a_run_that_does_not_say_its_threads_takes_those_of_the_machine():
    before = torch.get_num_threads()
    with threads_of({"device": "NVIDIA H100"}):
        assert torch.get_num_threads() == before
