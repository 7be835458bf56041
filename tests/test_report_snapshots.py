"""Snapshots that a stranger made, or that are damaged, are named and left out; nothing in one is
run.
"""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_runs import group_of, write_run

from askwell.report import write_report
from askwell.report.reading.snapshot_file import load
from askwell.report.sections.snapshots import snapshots

SOUND: dict[str, Any] = {
    "classes": np.array(["0", "1"]),
    "labels": np.array(20),
    "confusion": np.array([[3, 1], [0, 4]]),
    "places": np.zeros((3, 2), np.float32),
    "truth": np.array([0, 1, 1]),
    "predicted": np.array([0, 1, 0]),
    "unsure_pixels": np.zeros((2, 4, 4, 1), np.uint8),
    "sure_pixels": np.zeros((2, 4, 4, 3), np.uint8),
}
WRONG: dict[str, dict[str, Any]] = {
    "it has no places": {"places": None},
    "it has no classes": {"classes": None},
    "truth are of a wrong kind": {"truth": np.array([0.5, 1, 1])},
    "classes are of a wrong kind": {"classes": np.array([0, 1])},
    "classes have the wrong shape": {"classes": np.array("0")},
    "confusion have the wrong shape": {"confusion": np.zeros((3, 3), int)},
    "labels have the wrong shape": {"labels": np.array([20])},
    "predicted have the wrong shape": {"predicted": np.array([0, 1])},
    "places have the wrong shape": {"places": np.zeros((3, 3))},
    "its labels are no classes": {"truth": np.array([0, 1, 2])},
    "its numbers are out of range": {"places": np.full((3, 2), np.nan)},
    "its pixels are no images": {"sure_pixels": np.zeros((2, 4, 4, 2), np.uint8)},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run that kept no snapshot yet."""
    run = write_run(tmp_path / "sweep", "lc")
    (run / "snapshots").mkdir()
    return run


def keep(folder: Path, **arrays: Any) -> None:
    arrays = {name: array for name, array in (SOUND | arrays).items() if array is not None}
    np.savez_compressed(folder / "snapshots" / "round-0001.npz", **arrays)


def faults(folder: Path) -> list[str]:
    return snapshots(group_of(folder.parent))[1]


def test_a_sound_snapshot_is_drawn(folder: Path) -> None:
    keep(folder, places=np.asfortranarray([[0, 1], [2, 3], [4, 5.0]]))
    assert (len(snapshots(group_of(folder.parent))[0]), faults(folder)) == (3, [])


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_are_read_as_they_were_kept(folder: Path, order: Any) -> None:
    places = np.array([[0, 1], [2, 3], [4, 5.0]], order=order)
    keep(folder, places=places)
    np.testing.assert_array_equal(load(folder, "snapshots/round-0001.npz")["places"], places)


@pytest.mark.parametrize("fault", WRONG)
def test_a_snapshot_with_wrong_arrays_is_left_out(folder: Path, fault: str) -> None:
    keep(folder, **WRONG[fault])
    name = "snapshots/round-0001.npz"
    assert faults(folder) == [f"lc, seed 0: {name} is no snapshot: {fault}"]


@pytest.mark.parametrize("content", [b"", b"PK, and no more", pickle.dumps([1])])
def test_a_damaged_snapshot_is_left_out_and_named_on_the_page(folder: Path, content: bytes) -> None:
    (folder / "snapshots" / "round-0001.npz").write_bytes(content)
    page = write_report([folder], folder).page.read_text()
    assert "left out: lc, seed 0: snapshots/round-0001.npz is damaged: delete it" in page


class Opens:
    """What opens a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.path), "w")


def test_nothing_is_unpickled(folder: Path, tmp_path: Path) -> None:
    keep(folder, classes=np.array([Opens(tmp_path / "opened"), "1"], dtype=object))
    assert "is damaged" in faults(folder)[0]
    assert not (tmp_path / "opened").exists()


def test_an_array_that_promises_more_than_there_is_is_not_made(folder: Path) -> None:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 2)}
    )
    keep(folder)
    with zipfile.ZipFile(folder / "snapshots" / "round-0001.npz", "w") as archive:
        archive.writestr("places.npy", file.getvalue())
    assert "is damaged" in faults(folder)[0]


def test_what_unpacks_to_too_much_is_not_unpacked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(folder, unsure_pixels=np.zeros((1000, 32, 32, 3), np.uint8))
    monkeypatch.setattr("askwell.report.reading.snapshot_file.MOST", 1_000_000)
    assert "is damaged" in faults(folder)[0]


@pytest.mark.parametrize("linked", ["snapshots", "snapshots/round-0001.npz"])
def test_a_snapshot_elsewhere_is_not_shown(folder: Path, tmp_path: Path, linked: str) -> None:
    keep(folder)
    (folder / linked).rename(tmp_path / "elsewhere")
    (folder / linked).symlink_to(tmp_path / "elsewhere")
    pictures, left_out = snapshots(group_of(folder.parent))
    assert (pictures, "leads elsewhere: copy what is there" in left_out[0]) == ([], True)
