"""Fruits-360 from its public repository, played by a local one."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from askwell.dataset.fruits import CONFUSABLE, Fruits, FruitsGrouped
from askwell.download import sparse_clone
from askwell.download.git import git
from askwell.download.sparse_clone import SparseClone
from askwell.errors import UserError
from askwell.images.contracts import Splits

OTHERS = ("Apple Red 1", "Banana", "Cherry Wax Black")


def run(*command: str, folder: Path) -> str:
    author = ("-c", "user.name=a", "-c", "user.email=a@b")
    return subprocess.run(
        ("git", *author, *command), cwd=folder, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a bare repository with ten wanted fruits and three others, which serves
    partial clones.
    """
    work = tmp_path_factory.mktemp("work")
    for split in ("Training", "Test"):
        for name in (*CONFUSABLE, *OTHERS):
            (work / split / name).mkdir(parents=True)
            (work / split / name / "0_100.jpg").write_text(f"{split} {name}")
    run("init", "--quiet", folder=work)
    run("add", ".", folder=work)
    run("commit", "--quiet", "-m", "fruits", folder=work)
    run("clone", "--quiet", "--bare", ".", "bare.git", folder=work)
    run("config", "uploadpack.allowFilter", "true", folder=work / "bare.git")
    return (work / "bare.git").as_uri()


def splits(
    data_dir: Path, repository: str, kind: type[Fruits | FruitsGrouped] = Fruits, **settings: Any
) -> Splits:
    dataset = kind(
        image_size=2, channels=3, data_dir=data_dir, cache_dir="", repository=repository, **settings
    )
    return dataset.splits()


def clone(data_dir: Path) -> Path:
    return data_dir / "fruits-360-100x100"


def varieties(data_dir: Path) -> set[str]:
    return {folder.name for folder in clone(data_dir).glob("T*/*")}


def test_the_wanted_fruits_are_fetched(tmp_path: Path, repository: str) -> None:
    assert splits(tmp_path / "data", repository).train.truth.tolist() == list(range(10))


def test_other_fruits_are_not_checked_out(tmp_path: Path, repository: str) -> None:
    splits(tmp_path, repository)
    assert varieties(tmp_path) == set(CONFUSABLE)


def test_the_images_of_other_fruits_do_not_travel(tmp_path: Path, repository: str) -> None:
    splits(tmp_path, repository)
    missing = run(
        "rev-list", "--objects", "--all", "--missing=print", folder=clone(tmp_path)
    ).count("?")
    assert missing == 2 * len(OTHERS)


def test_a_second_run_asks_git_nothing(
    tmp_path: Path, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = splits(tmp_path, repository)
    monkeypatch.setattr(sparse_clone, "git", None)
    assert splits(tmp_path, repository).train.stamp == first.train.stamp


def test_a_run_that_wants_more_fetches_the_rest(tmp_path: Path, repository: str) -> None:
    clone_of_fruits = SparseClone(clone(tmp_path), repository, timeout=60)
    clone_of_fruits.require(lambda counts: ["Training/Lemon", "Test/Lemon"])
    clone_of_fruits.require(lambda counts: ["Training/Banana"])
    assert varieties(tmp_path) == {"Lemon", "Banana"}


def test_groups_are_chosen_from_the_whole_repository(tmp_path: Path, repository: str) -> None:
    splits(tmp_path, repository)
    assert splits(tmp_path, repository, FruitsGrouped).classes[:3] == ("Apple", "Apricot", "Banana")


def fail_at(command: str) -> Callable[..., str]:
    def failing(*arguments: str, **settings: Any) -> str:
        if command in arguments:
            raise UserError("the network is gone")
        return git(*arguments, **settings)

    return failing


@pytest.mark.parametrize("command", ["clone", "ls-tree", "sparse-checkout", "checkout"])
def test_a_fetch_that_was_cut_off_leaves_nothing(
    tmp_path: Path, repository: str, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(sparse_clone, "git", fail_at(command))
    with pytest.raises(UserError, match="the network is gone"):
        splits(tmp_path, repository)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_an_extension_that_was_cut_off_is_fetched_anew(
    tmp_path: Path, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits(tmp_path, repository)
    with monkeypatch.context() as patch:
        patch.setattr(sparse_clone, "git", fail_at("checkout"))
        with pytest.raises(UserError, match="the network is gone"):
            splits(tmp_path, repository, FruitsGrouped)
    assert len(splits(tmp_path, repository, FruitsGrouped).classes) == 10


def test_a_repository_that_cannot_be_reached_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        UserError,
        match=r"put its folders Training and Test into .*fruits-360, or use dataset=mnist_mini",
    ):
        splits(tmp_path, (tmp_path / "nowhere.git").as_uri())


def test_a_machine_without_git_is_told_so(
    tmp_path: Path, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"cannot run git .*: install git"):
        splits(tmp_path, repository)


def test_a_git_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="took longer than 0 seconds"):
        git("-c", "alias.hang=!sleep 60", "hang", timeout=0.3)


def test_a_folder_of_the_users_is_never_replaced(tmp_path: Path, repository: str) -> None:
    clone(tmp_path).mkdir()
    (clone(tmp_path) / "mine.txt").touch()
    with pytest.raises(UserError, match=r"cannot write to .*fruits-360-100x100"):
        splits(tmp_path, repository)
