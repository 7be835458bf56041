"""Tables of image names and labels beside a folder."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from photos import SIZE, numbered, plant

from askwell.dataset import UNKNOWN, Splits
from askwell.dataset.folder import Folder
from askwell.dataset.table import Table
from askwell.errors import UserError

ROWS = [f"{name},{label}" for name, label in zip(numbered(10), 5 * ["cat", "dog"], strict=True)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return plant(tmp_path / "train", numbered(10))


def dataset(root: Path, text: str | bytes | None = None, **settings: Any) -> Table:
    table = root.parent / "train.csv"
    if text is not None:
        table.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    given = {"table": table, "root": root, "cache_dir": root.parent / "cache"} | settings
    return Table(**{"image_size": SIZE, "channels": 1, "data_dir": ""} | given)


def splits(root: Path, text: str | bytes | None = None, **settings: Any) -> Splits:
    return dataset(root, text, **settings).splits()


def written(*rows: str, header: str = "image,label") -> str:
    return "\n".join([header, *rows]) + "\n"


def labels(found: Splits) -> dict[str, str]:
    """The label of each image, of both splits, by its name."""
    both = [found.train, *([found.evaluation] if found.evaluation else [])]
    return {
        name: "" if label == UNKNOWN else found.classes[label]
        for split in both
        for name, label in zip(
            split.names or (),
            [UNKNOWN] * len(split) if split.truth is None else split.truth,
            strict=True,
        )
    }


EXPECTED = dict(zip(numbered(10), 5 * ["cat", "dog"], strict=True))


def test_a_table_says_what_images_show(root: Path) -> None:
    assert labels(splits(root, written(*ROWS))) == EXPECTED


def test_a_labelled_table_is_divided_as_class_folders_are(root: Path, tmp_path: Path) -> None:
    for name, label in EXPECTED.items():
        plant(tmp_path / "folders", [f"{label}/{name}"])
    sides = Folder(
        root=tmp_path / "folders", image_size=SIZE, channels=1, data_dir="", cache_dir=""
    ).splits()
    found = splits(root, written(*ROWS))
    assert found.evaluation is not None
    assert sides.evaluation is not None
    assert found.evaluation.truth is not None
    assert sides.evaluation.truth is not None
    assert sorted(found.evaluation.truth) == sorted(sides.evaluation.truth)
    assert found.classes == sides.classes


def test_a_labelled_table_opens_with_whole_truth(root: Path) -> None:
    found = dataset(root, written(*ROWS)).open()
    assert (len(found.train), len(found.evaluation), found.knows_truth) == (8, 2, True)
    assert (found.held.size, found.given.size) == (0, 0)


def test_classes_of_a_labelled_table_can_be_picked(root: Path) -> None:
    text = written(*ROWS[:8], "08.png,fox", "09.png,fox")
    assert dataset(root, text, classes=["fox", "cat"]).open().classes == ("fox", "cat")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("a byte order mark", "\ufeff" + written(*ROWS)),
        ("CRLF", written(*ROWS).replace("\n", "\r\n")),
        ("no last line break", written(*ROWS).rstrip("\n")),
        ("blank lines", written("", *ROWS[:5], "", ",", *ROWS[5:], "", "")),
        ("semicolons", written(*ROWS, header="image,label").replace(",", ";")),
        ("tabs", written(*ROWS).replace(",", "\t")),
        ("spaces", written(*ROWS, header=" image , label ").replace(",", " , ")),
        ("quotes", written(*(f'"{row}"'.replace(",", '","') for row in ROWS))),
        ("more columns", written(*(f"{row},x" for row in ROWS), header="image,label,split")),
        ("no endings", written(*ROWS).replace(".png", "")),
        ("a path", written(*(f"./{row}" for row in ROWS))),
        ("equal rows", written(*ROWS, *ROWS)),
    ],
)
def test_tables_are_read_as_they_come(root: Path, change: str, text: str) -> None:
    assert labels(splits(root, text)) == EXPECTED, change


def test_columns_are_named_by_settings(root: Path) -> None:
    text = written(*ROWS, header="id,breed")
    assert labels(splits(root, text, image_column="id", label_column="breed")) == EXPECTED


def test_unknown_columns_are_answered_with_those_found(root: Path) -> None:
    with pytest.raises(UserError, match=r"no column image and label, found id and breed: set"):
        splits(root, written(*ROWS, header="id;breed"))


def test_names_in_other_scripts_are_found_however_they_are_composed(root: Path) -> None:
    plant(root, ["cafe\u0301 1.png", "猫 👍.png"])
    text = written(*ROWS, "caf\u00e9 1.png,cat", "猫 👍.png,dog")
    assert len(labels(splits(root, text))) == 12


def test_a_label_may_hold_a_separator_and_a_line_break(root: Path) -> None:
    text = written(*ROWS[:8], '08.png,"big, red"', '09.png,"big, red"')
    assert "big, red" in splits(root, text).classes


def test_images_in_folders_below_are_found_by_their_last_part(root: Path) -> None:
    plant(root, ["part 1/a1.png", "part 2/a2.png"])
    text = written(*ROWS, "a1,cat", "part 2/a2,dog")
    assert labels(splits(root, text))["part 1/a1.png"] == "cat"


def test_a_name_that_means_two_files_is_refused(root: Path) -> None:
    plant(root, ["one/x.png", "two/x.png"])
    with pytest.raises(UserError, match=r"x in line 12 .* may be one/x\.png and two/x\.png"):
        splits(root, written(*ROWS, "x,cat"))


def test_numbers_are_classes_in_their_order(root: Path) -> None:
    rows = [f"{name},{label}" for name, label in zip(numbered(10), 5 * ["10", "9"], strict=True)]
    assert splits(root, written(*rows)).classes == ("9", "10")


def test_rows_that_contradict_each_other_are_named(root: Path) -> None:
    with pytest.raises(UserError, match=r"calls 00\.png cat in line 2 and dog in line 12"):
        splits(root, written(*ROWS, "00.png,dog"))


def test_rows_without_a_file_and_files_without_a_row_are_remarked_on(root: Path) -> None:
    train: Any = splits(root, written(*ROWS[:9], "gone.png,cat")).train
    assert "1 rows of" in train.remarks[0]
    assert "gone.png" in train.remarks[0]
    assert "1 images are not in" in train.remarks[1]
    assert "09.png" in train.remarks[1]


def test_a_folder_with_none_of_the_images_is_refused(root: Path) -> None:
    with pytest.raises(UserError, match=r"holds none of the images of the table \(a and b\)"):
        splits(root, written("a,cat", "b,dog"))


def test_a_class_with_a_single_image_is_named(root: Path) -> None:
    with pytest.raises(UserError, match="class fox has a single image"):
        splits(root, written(*ROWS[:9], "09.png,fox"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"has no column image and label, found none"),
        ("image,label\n", "has no rows"),
        (written(*ROWS, ",cat"), "names no image in line 12"),
        (written(*ROWS, '"00.png,cat'), r"is no table .* in line 12"),
        ("image,label\ncaf\xe9.png,cat\n".encode("latin-1"), r"is not UTF-8 \(at byte 15\)"),
    ],
)
def test_what_is_no_table_is_refused(root: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(UserError, match=words):
        splits(root, text)


def test_a_table_that_is_not_there_is_named(root: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*train\.csv"):
        splits(root)


def test_a_table_that_was_not_given_is_asked_for(root: Path) -> None:
    with pytest.raises(UserError, match=r"Set dataset\.table=…"):
        splits(root, table=None)


def test_the_images_may_lie_beside_the_table(root: Path) -> None:
    (root / "train.csv").write_text(written(*ROWS))
    beside = replace(dataset(root), table=root / "train.csv", root=None)
    assert labels(beside.splits()) == EXPECTED


def test_labels_of_a_partly_labelled_table_are_given(root: Path) -> None:
    found = dataset(root, written(*ROWS[:4], *(f"{name}," for name in numbered(6, 4)))).open()
    assert (found.given.tolist(), found.classes) == ([0, 1, 2, 3], ("cat", "dog"))
    assert (len(found.train), len(found.held), found.knows_truth) == (10, 1, False)
    assert found.held.min() > 3


def test_a_row_without_its_last_column_has_no_label(root: Path) -> None:
    found = splits(root, written(*ROWS[:8], "08.png", "09.png"))
    assert (labels(found)["08.png"], found.evaluation) == ("", None)


def test_a_label_in_one_of_two_rows_is_taken(root: Path) -> None:
    found = splits(root, written(*ROWS[:8], "08.png,", "09.png,", "08.png,cat"))
    assert labels(found)["08.png"] == "cat"


def test_a_label_that_is_not_among_the_classes_is_named(root: Path) -> None:
    with pytest.raises(UserError, match=r"labels dog of the table are not among dataset\.classes"):
        splits(root, written(*ROWS[:8], "08.png,", "09.png,"), classes=["cat", "fox"])


def test_a_table_without_labels_needs_classes(root: Path) -> None:
    with pytest.raises(UserError, match=r"set dataset\.classes=\[cat,dog\]"):
        splits(root, written(*(f"{name}," for name in numbered(10))))


def test_a_table_without_labels_has_no_truth(root: Path) -> None:
    text = written(*(f"{name}," for name in numbered(10)))
    found = dataset(root, text, classes=["cat", "dog"]).open()
    assert (found.train.truth, len(found.held)) == (None, 2)
