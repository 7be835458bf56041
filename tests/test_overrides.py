"""What people type as overrides: paths as they are, the rest in Hydra's grammar, or one line that
says how.
"""

from pathlib import Path

import pytest

from askwell.command.overrides import parsed, quoted, understood
from askwell.errors import UserError

PATHS = [
    "/x/图片",
    "/x/my images (1)",
    "/x/a=b",
    "/x/a#b",
    "./a b/[c]",
    "../ä & ö/{d}",
    "/x/it's",
    "a b/c(d)",
    "/x/100%!",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_taken_as_it_is(path):
    (word,) = understood([f"dataset.root={path}"])
    assert parsed(word).value() == path


@pytest.mark.parametrize("word", ["dataset.root=~/images (1)", "dataset.root='~/images (1)'"])
def test_the_home_folder_may_be_written_as_in_a_shell(word):
    assert parsed(*understood([word])).value() == str(Path.home() / "images (1)")


@pytest.mark.parametrize(
    "word",
    [
        *(
            "rounds=3",
            "seed=range(10)",
            "strategy=lc,sm",
            "~callbacks.console",
            "+x=1",
            "dataset.classes=[a,b]",
        ),
        *(
            "name='my run'",
            "dataset.root=/x/y",
            "logger=[wandb,csv]",
            "hydra/launcher=submitit_local",
            "experiment=a",
        ),
    ],
)
def test_what_hydra_reads_is_left_alone(word):
    assert understood([word]) == [word]


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("rounds", r"rounds: expected SETTING=VALUE, such as rounds=30"),
        ("=3", r"=3: expected SETTING=VALUE"),
        ("name=a(b", r"""needs quotes, write 'name="a\(b"'"""),
        ("dataset.root=/a (1),/b (2)", r"needs quotes, write 'dataset\.root="),
        ("dataset.classes=[a,b", r"brackets do not match"),
        ("seed=range(a)", r"expected range\(\.\.\.\) as in seed=range\(10\)"),
        ("logger=null", r"logger=null: expected one of csv, none, .*, logger=none for no logger"),
        ("batch_size=32", r"batch_size=32: expected one of k128, k1280, k32 and k512"),
        ("logger=[none,null]", r"expected one of csv"),
        ("name=\x1b[31m(", r"\\x1b"),
    ],
)
def test_what_cannot_be_read_is_said_with_the_way_to_write_it(word, told):
    with pytest.raises(UserError, match=told):
        understood([word])


@pytest.mark.parametrize("text", ["plain", "it's", 'say "a"', "a\\", "\\'", "a,b", "{c: d}", ""])
def test_a_quoted_value_is_read_as_it_was(text):
    assert parsed(f"name={quoted(text)}").value() == text
