"""The program as its users run it: what it leaves behind, in single runs and in sweeps, and how
others extend it.
"""

import csv
import json
from importlib.metadata import version

import pytest
from conftest import CLASSES, POOL, program_in
from experiment import record_of
from omegaconf import OmegaConf

PLUG_IN = {
    "mine/gini.py": """
        def gini_impurity(probs):
            return 1 - probs.square().sum(dim=1)
        """,
    "mine/conf/strategy/gini.yaml": """
        _target_: askwell.strategy.UncertaintySampling
        acquisition:
          _target_: gini.gini_impurity
          _partial_: true
        """,
}


@pytest.fixture(scope="module")
def folder(shrunk, tmp_path_factory):
    """The folder of one run, for the tests that only read it."""
    root = tmp_path_factory.mktemp("one")
    with program_in(root, shrunk) as program:
        program("strategy=sm", "seed=5")
    return root / "outputs" / "run"


@pytest.fixture
def facts(folder):
    return json.loads((folder / "run.json").read_text())


@pytest.fixture
def rounds(folder):
    return [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]


@pytest.fixture
def queries(folder):
    return list(csv.DictReader((folder / "queries.csv").read_text().splitlines()))


def test_a_run_leaves_what_is_promised(folder):
    promised = {".hydra", "rounds.jsonl", "queries.csv", "checkpoints", "run.json", "train.log"}
    assert promised <= {file.name for file in folder.iterdir()}


def test_a_run_leaves_nothing_that_is_only_of_use_while_it_lasts(folder):
    assert not [file for file in folder.rglob("*") if file.suffix == ".part" or file.name == ".pid"]


def test_the_composed_config_is_kept(folder):
    assert OmegaConf.load(folder / ".hydra" / "config.yaml").seed == 5


def test_there_is_a_line_for_every_round(rounds):
    assert [(line["round"], line["labels"], line["pool_size"]) for line in rounds] == [
        (round, bought, POOL - bought) for round, bought in enumerate((6, 12, 18))
    ]


def test_a_round_holds_the_accuracy_of_every_class(rounds):
    assert [tuple(line["class_accuracy"]) for line in rounds] == [CLASSES] * 3


def test_the_accuracy_is_that_of_the_classes_since_they_are_evenly_large(rounds):
    means = [sum(line["class_accuracy"].values()) / len(CLASSES) for line in rounds]
    assert means == pytest.approx([line["accuracy"] for line in rounds])


def test_there_is_a_row_for_every_label_in_order(queries):
    assert [int(row["round"]) for row in queries] == [0] * 6 + [1] * 6 + [2] * 6


def test_the_initial_set_has_no_scores_and_queries_have_one_each(queries):
    assert [bool(row["score"]) for row in queries] == [False] * 6 + [True] * 12


def test_the_best_is_asked_first(queries):
    scores = [float(row["score"]) for row in queries[6:12]]
    assert scores == sorted(scores, reverse=True)


def test_queried_classes_are_those_of_the_rows(rounds, queries):
    bought = [
        [int(row["label"]) for row in queries if int(row["round"]) == round] for round in range(3)
    ]
    counts = [
        {name: labels.count(label) for label, name in enumerate(CLASSES)} for labels in bought
    ]
    assert [line["query_class_counts"] for line in rounds] == counts


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("status", "finished"),
        ("reason", "rounds"),
        ("seed", 5),
        ("strategy", "sm"),
        ("dataset", "folder"),
        ("protocol", "paper"),
        ("oracle", "truth"),
        ("model", "cnn"),
        ("sweeper", "basic"),
        ("query_size", 6),
        ("initial_size", 6),
        ("pool", POOL),
        ("processes", 1),
        ("classes", list(CLASSES)),
    ],
)
def test_a_run_says_what_it_was(facts, fact, value):
    assert facts[fact] == value


def test_a_run_says_what_it_ran_on(facts):
    told = (
        facts["versions"]["pytorch-lightning"],
        facts["device"][:3],
        bool(facts["dataset_fingerprint"]),
    )
    assert told == (version("pytorch-lightning"), "cpu", True)


def test_a_run_says_how_long_it_took_and_how_well_it_did(facts, rounds):
    assert (facts["wall_seconds"] > 0, facts["accuracy"]) == (True, rounds[-1]["accuracy"])


def test_a_run_says_on_the_screen_how_it_goes_and_why_it_ends(program, capsys):
    program("rounds=2")
    told = [line.split("labels")[0].split() for line in capsys.readouterr().out.splitlines()]
    assert told[:2] == [["round", "1/2", "6"], ["round", "2/2", "12"]]


def test_a_run_of_every_last_label_says_that_the_pool_is_exhausted(program, capsys):
    program("rounds=null", "query_size=20")
    assert f"finished after {POOL} labels: the pool is used up" in capsys.readouterr().out


@pytest.mark.slow
def test_a_sweep_leaves_a_run_for_each_combination_and_its_report(program, tmp_path):
    program("-m", "strategy=lc,random", "seed=0,1")
    sweep = tmp_path / "multirun" / "run"
    ran = [json.loads(file.read_text()) for file in sorted(sweep.glob("*/run.json"))]
    reported = [
        (sweep / name).exists() for name in ("report.html", "report.md", "runs.csv", "curves.csv")
    ]
    assert [(run["strategy"], run["seed"]) for run in ran] == [
        ("lc", 0),
        ("lc", 1),
        ("random", 0),
        ("random", 1),
    ]
    assert all(reported)


@pytest.mark.slow
def test_a_run_is_the_same_at_any_place_in_a_sweep(program, no_report, tmp_path):
    program("-m", "seed=4,3", "name=first")
    program("-m", "seed=3,4", "name=second")
    assert record_of(tmp_path / "multirun" / "first" / "1") == record_of(
        tmp_path / "multirun" / "second" / "0"
    )


def test_a_job_that_fails_does_not_stop_its_sweep(program, no_report, tmp_path):
    with pytest.raises(SystemExit, match=r"^2$"):
        program("-m", "query_size=6,1,7")
    ran = sorted(
        file.parent.name for file in (tmp_path / "multirun" / "run").glob("*/rounds.jsonl")
    )
    assert ran == ["0", "2"]


def test_a_failed_job_is_named(program, no_report, capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        program("-m", "query_size=6,1")
    assert "job 1 failed: query_size=1" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_in_its_own_process_ends_well_and_says_nothing_but_its_rounds(command):
    done = command("name=own")
    assert (done.returncode, done.stderr, done.stdout[:9]) == (0, "", "round 1/3")


@pytest.mark.slow
def test_a_strategy_of_ones_own_needs_two_files_and_no_change_here(command, tmp_path):
    for name, text in PLUG_IN.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text.replace("\n        ", "\n").lstrip())
    done = command("strategy=gini", "hydra.searchpath=[file://mine/conf]", PYTHONPATH="mine")
    run = json.loads((tmp_path / "outputs" / "run" / "run.json").read_text())
    assert (done.returncode, run["strategy"], run["status"]) == (0, "gini", "finished")
