"""Files that are whole or not there."""

import errno
import json
import os
import resource

import pytest

from askwell.errors import UserError
from askwell.files import append, write_json, write_whole


def test_the_content_is_what_was_written(tmp_path):
    write_whole(tmp_path / "file", b"\x00new\r\n")
    assert (tmp_path / "file").read_bytes() == b"\x00new\r\n"


def test_missing_folders_are_made(tmp_path):
    write_whole(tmp_path / "a" / "b" / "file", b"new")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"new"


def test_writing_replaces_and_leaves_nothing_beside_the_file(tmp_path):
    write_whole(tmp_path / "file", b"a longer old content")
    write_whole(tmp_path / "file", b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"new"}


def test_the_content_is_on_the_disk_before_the_file_is_replaced(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"old")
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append((tmp_path / "file").read_bytes()))
    write_whole(tmp_path / "file", b"new")
    assert seen == [b"old"]


def test_a_full_disk_leaves_the_old_file_and_no_part(tmp_path, monkeypatch):
    def disk_full(_):
        raise OSError(errno.ENOSPC, "no space left on device")

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(UserError, match=r"cannot write .* \(no space left"):
        write_whole(tmp_path / "file", b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"old"}


def test_a_write_cut_short_by_the_system_leaves_the_old_file_and_no_part(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(UserError, match=r"File too large\): make room"):
            write_whole(tmp_path / "file", bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"old"}


def test_appending_adds_at_the_end_as_it_is(tmp_path):
    for line in ("Äpfel\n", "1,2\n"):
        append(tmp_path / "file", line.encode())
    assert (tmp_path / "file").read_bytes() == "Äpfel\n1,2\n".encode()


def test_an_appended_line_is_on_the_disk_when_the_call_returns(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append((tmp_path / "file").read_text()))
    append(tmp_path / "file", b"line\n")
    assert synced == ["line\n"]


def test_json_is_read_back_as_it_was(tmp_path):
    write_json(
        tmp_path / "run.json", {"status": "finished", "accuracy": 0.97, "limits": {"budget": None}}
    )
    found = json.loads((tmp_path / "run.json").read_text())
    assert found == {"status": "finished", "accuracy": 0.97, "limits": {"budget": None}}


def test_what_json_cannot_hold_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "run.json", {"round": 1})
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_json(tmp_path / "run.json", {"round": {1}})
    assert json.loads((tmp_path / "run.json").read_text()) == {"round": 1}
