"""A report of a received folder changes nothing outside it, whatever links the folder holds."""

import os
from pathlib import Path

import pytest
from report_runs import write_run

from askwell.errors import UserError
from askwell.files import part_of, write_whole
from askwell.report import write_report

FILES = ("report.html", "report.md", "runs.csv", "curves.csv", "plots/mnist-curves.svg")


@pytest.fixture
def received(tmp_path: Path) -> Path:
    """A folder of one run, beside a file and a folder that are somebody's own."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "file").write_text("precious")
    write_run(tmp_path / "received")
    return tmp_path / "received"


def own_files(received: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (received.parent / "own").iterdir()}


@pytest.mark.parametrize("name", FILES)
def test_a_link_in_place_of_a_file_is_replaced(received: Path, name: str) -> None:
    (received / name).parent.mkdir(exist_ok=True)
    (received / name).symlink_to(received.parent / "own" / "file")
    write_report([received], received)
    assert ((received / name).is_symlink(), own_files(received)) == (False, {"file": "precious"})


@pytest.mark.parametrize("name", FILES)
def test_a_second_name_of_a_file_is_replaced(received: Path, name: str) -> None:
    (received / name).parent.mkdir(exist_ok=True)
    os.link(received.parent / "own" / "file", received / name)
    write_report([received], received)
    assert own_files(received) == {"file": "precious"}


@pytest.mark.parametrize("name", FILES)
def test_a_link_to_nothing_creates_nothing(received: Path, name: str) -> None:
    (received / name).parent.mkdir(exist_ok=True)
    (received / name).symlink_to(received.parent / "own" / "new")
    write_report([received], received)
    assert own_files(received) == {"file": "precious"}


def test_a_linked_folder_of_plots_is_refused_before_anything_is_written(received: Path) -> None:
    (received / "plots").symlink_to(received.parent / "own")
    before = sorted(received.iterdir())
    with pytest.raises(UserError, match=r"plots is a link: remove it, or choose another --output"):
        write_report([received], received)
    assert (sorted(received.iterdir()), own_files(received)) == (before, {"file": "precious"})


@pytest.mark.parametrize("output", ["report", "report/today"])
def test_an_output_that_a_link_leads_out_of_the_folder_is_refused(
    received: Path, output: str
) -> None:
    (received / "report").symlink_to(received.parent / "own")
    with pytest.raises(UserError, match=r"is a link that leads out of .*: choose another --output"):
        write_report([received], received / output)
    assert own_files(received) == {"file": "precious"}


def test_a_link_that_the_user_gives_is_followed(received: Path) -> None:
    link = received.parent / "latest"
    link.symlink_to(received)
    write_report([link], link)
    assert (received / "report.html").is_file()


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_place_of_a_file_is_named(received: Path, name: str) -> None:
    (received / name / "inside").mkdir(parents=True)
    with pytest.raises(UserError, match=rf"cannot write .*{Path(name).name} \(Is a directory\)"):
        write_report([received], received)


def test_plots_that_are_a_file_are_named(received: Path) -> None:
    (received / "plots").touch()
    with pytest.raises(
        UserError, match=r"cannot write .*plots \(File exists\): expected a folder and found a file"
    ):
        write_report([received], received)


def test_a_link_under_the_name_of_the_unfinished_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("precious")
    part_of(tmp_path / "file").symlink_to(tmp_path / "own")
    write_whole(tmp_path / "file", b"new")
    assert ((tmp_path / "own").read_text(), (tmp_path / "file").read_bytes()) == (
        "precious",
        b"new",
    )
