"""What run.json says of the program, the commit and the device, and how it names arrays."""

import hashlib
import platform
import shlex
import subprocess
import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from askwell.processes import Processes
from askwell.run import provenance
from askwell.run.provenance import (
    PACKAGES,
    device_name,
    digest,
    of_process,
    of_study,
    weights_digest,
)

NUMBERS = np.arange(12, dtype=np.int64).reshape(3, 4)


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A file in an empty folder, from which the program is made to believe that it runs."""
    file = tmp_path / "package" / "provenance.py"
    file.parent.mkdir()
    file.write_text("first\n")
    monkeypatch.setattr(provenance, "__file__", str(file))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for variable in ("GIT_DIR", "GIT_WORK_TREE"):
        monkeypatch.delenv(variable, raising=False)
    return file


@pytest.fixture
def checkout(source):
    """The same in a checkout with one commit and one tag, two folders up."""
    folder = source.parents[1]
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=first")
    git(folder, "tag", "--annotate", "--message=first", "v1")
    return folder


def test_the_commit_is_that_of_the_checkout_by_its_hash(checkout):
    assert of_process()["git_commit"] == git(checkout, "rev-parse", "--short=12", "HEAD")


def test_a_changed_checkout_is_marked(checkout, source):
    source.write_text("second\n")
    assert of_process()["git_commit"] == git(checkout, "rev-parse", "--short=12", "HEAD") + "-dirty"


def test_a_new_file_that_is_not_committed_leaves_the_checkout_unmarked(checkout):
    (checkout / "outputs").write_text("a result\n")
    assert of_process()["git_commit"] == git(checkout, "rev-parse", "--short=12", "HEAD")


def test_a_package_that_is_installed_below_a_checkout_of_something_else_has_none(checkout):
    git(checkout, "rm", "--quiet", "--cached", "package/provenance.py")
    (checkout / ".gitignore").write_text("package\n")
    git(checkout, "add", ".gitignore")
    git(checkout, "commit", "--quiet", "--message=second")
    assert of_process()["git_commit"] is None


@pytest.mark.usefixtures("source")
def test_outside_a_checkout_there_is_no_commit():
    assert of_process()["git_commit"] is None


def test_a_checkout_without_a_commit_has_none(source):
    git(source.parent, "init", "--quiet")
    assert of_process()["git_commit"] is None


@pytest.mark.usefixtures("checkout")
def test_without_git_there_is_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert of_process()["git_commit"] is None


def test_the_command_can_be_typed_again(monkeypatch):
    typed = ["train.py", "name=two words", "strategy=lc"]
    monkeypatch.setattr(sys, "argv", typed)
    assert shlex.split(of_process()["command"]) == ["python", *typed]


def test_the_installed_program_is_recorded_by_its_name(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/anywhere/train.py", "-m", "strategy=lc,sm"])
    main = ModuleType("__main__")
    main.__spec__ = ModuleSpec("askwell.command.train", None)
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert of_process()["command"] == "askwell train -m strategy=lc,sm"


def test_the_versions_are_those_of_python_and_of_every_package_that_decides_results():
    installed = {name: version(name) for name in PACKAGES}
    assert of_process()["versions"] == {"python": platform.python_version(), **installed}


def test_the_packages_that_compute_and_read_images_are_among_them():
    assert {"askwell", "torch", "torchvision", "pytorch-lightning", "numpy", "pillow"} <= set(
        PACKAGES
    )


def test_a_digest_is_the_start_of_the_hash_of_the_bytes():
    assert digest(NUMBERS) == hashlib.sha256(NUMBERS.tobytes()).hexdigest()[:16]


def test_a_digest_does_not_depend_on_the_layout_in_memory():
    assert digest(np.asfortranarray(NUMBERS)) == digest(NUMBERS)


@pytest.mark.parametrize("other", [NUMBERS + 1, NUMBERS[::-1], NUMBERS[:2], NUMBERS.T])
def test_another_content_or_order_has_another_digest(other):
    assert digest(other) != digest(NUMBERS)


def test_the_order_of_several_arrays_counts():
    assert digest(NUMBERS[0], NUMBERS[1]) != digest(NUMBERS[1], NUMBERS[0])


def test_equal_weights_have_one_digest():
    first, second = (torch.nn.Linear(3, 2) for _ in range(2))
    second.load_state_dict(first.state_dict())
    assert weights_digest(first.state_dict()) == weights_digest(second.state_dict())


@pytest.mark.parametrize("name", ["weight", "bias"])
def test_the_last_bit_of_any_weight_counts(name):
    weights = torch.nn.Linear(3, 2).state_dict()
    changed = weights[name].clone()
    changed.view(-1)[-1] = torch.nextafter(changed.view(-1)[-1], torch.tensor(9.0))
    assert weights_digest(weights | {name: changed}) != weights_digest(weights)


def test_a_processor_is_named_with_its_kind_and_its_threads(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert device_name(torch.device("cpu")) == f"cpu ({platform.machine()}, 3 threads)"


def test_a_gpu_is_named_as_its_driver_names_it(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"card {device.index}")
    assert device_name(torch.device("cuda", 1)) == "card 1"


def study(first: list[int], labelled: list[int]) -> dict[str, object]:
    """What is recorded of a study of 5 images, after the images of `first` were asked about and the
    labels of `labelled` were bought.
    """
    dataset = SimpleNamespace(train=range(5), classes=("ash", "birch"), fingerprint="f")
    titled = SimpleNamespace(title="mine", colour=None)
    scorer = SimpleNamespace(at_once=64, device=torch.device("cpu"), processes=Processes(0, 2))
    return of_study(
        SimpleNamespace(dataset=dataset, pool=SimpleNamespace(given=[], labelled=labelled)),
        SimpleNamespace(query_size=1, initial_size=2),
        SimpleNamespace(rescore_every=1, ahead=1, first=first, strategy=titled),
        SimpleNamespace(scorer=scorer, truth=range(3)),
    )


def test_a_study_is_recorded_with_its_sizes_and_the_threads_that_compute(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    known = study([4, 0], [4, 0])
    assert [known[name] for name in ("pool", "evaluation", "processes", "threads")] == [5, 3, 2, 3]


def test_a_study_is_recorded_with_what_its_strategy_says_of_its_appearance():
    assert study([4, 0], [4, 0])["appearance"] == {"title": "mine"}


def test_the_initial_set_is_named_by_the_images_that_were_asked_about():
    assert (
        study([4, 0], [4, 0])["initial_digest"]
        == study([4, 0], [4, 3])["initial_digest"]
        != study([4, 1], [4, 1])["initial_digest"]
    )


def test_weights_of_a_kind_that_numpy_lacks_have_a_digest_too():
    one, other = ({"w": torch.full((3,), value, dtype=torch.bfloat16)} for value in (1.0, 2.0))
    assert weights_digest(one) != weights_digest(other)
