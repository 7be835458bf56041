"""The test kit for strategies: every way of breaking the contract is found, and said in a
sentence.
"""

import random

import numpy as np
import pytest
import torch

from askwell.command.check import strategy_called
from askwell.command.cli import main
from askwell.errors import UserError
from askwell.strategy import RandomSampling
from askwell.strategy.candidates import Query
from askwell.strategy.conformance import CHECKS, verdicts
from askwell.strategy.look import probabilities


def first(candidates, size, generator):
    """Keeps the contract as far as numbers go, and looks at nothing."""
    return Query(torch.arange(len(candidates))[:size])


def confidence(candidates):
    return candidates.collect(probabilities).amax(dim=1)


def surest(candidates, size, generator):
    return Query(confidence(candidates).nan_to_num(-1).argsort(descending=True)[:size])


def one_too_few(candidates, size, generator):
    return Query(torch.arange(size - 1))


def one_too_many(candidates, size, generator):
    return Query(torch.arange(size + 1))


def repeats(candidates, size, generator):
    return Query(torch.zeros(size, dtype=torch.int64))


def beyond(candidates, size, generator):
    return Query(torch.arange(size) + len(candidates))


def scores_for_positions(candidates, size, generator):
    return Query(torch.rand(size, generator=generator))


def not_for_one(candidates, size, generator):
    return Query(torch.arange(max(size, 2)))


def not_for_all(candidates, size, generator):
    return Query(torch.arange(min(size, 39)))


def global_numbers(candidates, size, generator):
    return Query(torch.randperm(len(candidates))[:size])


def numbers_of_pythons_own(candidates, size, generator):
    return Query(torch.tensor(random.sample(range(len(candidates)), size)))


def topk(candidates, size, generator):
    """nan first, as torch.topk has it."""
    return Query(confidence(candidates).topk(size).indices)


def unique_scores_only(candidates, size, generator):
    scores = confidence(candidates)
    return Query(torch.unique(scores, return_inverse=True)[1].unique()[:size])


def nothing(candidates, size, generator):
    return Query(torch.empty(0, dtype=torch.int64))


def a_score_too_many(candidates, size, generator):
    return Query(torch.arange(size), torch.zeros(size + 1))


def negative(candidates, size, generator):
    return Query(-1 - torch.arange(size))


def numbers_of_numpys_own(candidates, size, generator):
    return Query(torch.from_numpy(np.random.default_rng().permutation(len(candidates))[:size]))


def numbers_of_one_seed(candidates, size, generator):
    return Query(torch.randperm(len(candidates), generator=torch.Generator().manual_seed(0))[:size])


def place_in_the_batch(candidates, size, generator):
    """Takes the place of an image in its batch for something about the image."""
    return candidates.top(lambda look: torch.arange(len(look.logits), dtype=torch.float32), size)


def place_in_the_batch_for_the_position(candidates, size, generator):
    """The surest of each batch, by their places there."""
    surest_of_each = [
        probabilities(look).amax(dim=1).nan_to_num().argmax() for _, look in candidates.looks()
    ]
    return Query(torch.stack(surest_of_each).repeat(len(candidates))[:size])


def cheats(candidates, size, generator):
    getattr(candidates, "labels", None)
    return first(candidates, size, generator)


def shuffles(candidates, size, generator):
    candidates.indices.copy_(candidates.indices.flip(0))
    return first(candidates, size, generator)


def gives_up(candidates, size, generator):
    if not confidence(candidates).isfinite().any():
        raise ZeroDivisionError("nothing is sure")
    return surest(candidates, size, generator)


def trains(candidates, size, generator):
    query = surest(candidates, size, generator)
    network(candidates).train()
    return query


def decays(candidates, size, generator):
    for weight in network(candidates).parameters():
        weight.data.mul_(0.5)
    return surest(candidates, size, generator)


def network(candidates):
    """The module behind the candidates, dug out of the closures; of logits without a network, a
    stand-in.
    """
    inner = dict(
        zip(candidates._looks.__code__.co_freevars, candidates._looks.__closure__, strict=True)
    )
    answers = inner["network"].cell_contents
    names = getattr(getattr(answers, "__code__", None), "co_freevars", ())
    cells = dict(zip(names, getattr(answers, "__closure__", None) or (), strict=True))
    found = cells["network"].cell_contents if "network" in cells else None
    return found if isinstance(found, torch.nn.Module) else torch.nn.Linear(1, 1)


FAULTS = [
    (one_too_few, "as many as asked for", "asked for 2 of 40 images, it gave 1"),
    (nothing, "as many as asked for", "asked for 2 of 40 images, it gave 0"),
    (
        a_score_too_many,
        "as many as asked for",
        "expected a score for each of 2 positions, found [3]",
    ),
    (negative, "as many as asked for", "positions must lie from 0 to 39, it gave -2 to -1"),
    (numbers_of_numpys_own, "same generator same answer", "equal generators gave two answers"),
    (
        numbers_of_one_seed,
        "the order of the candidates",
        "the same images in another order led to another choice",
    ),
    (
        place_in_the_batch,
        "the order of the candidates",
        "the same images in another order led to another choice",
    ),
    (place_in_the_batch_for_the_position, "as many as asked for", "positions must be distinct"),
    (one_too_many, "as many as asked for", "asked for 2 of 40 images, it gave 3"),
    (not_for_one, "a single label", "asked for 1 of 40 images, it gave 2"),
    (not_for_all, "the whole pool", "asked for 40 of 40 images, it gave 39"),
    (repeats, "as many as asked for", "positions must be distinct, it gave [0, 0]"),
    (beyond, "as many as asked for", "positions must lie from 0 to 39, it gave 40 to 41"),
    (
        scores_for_positions,
        "as many as asked for",
        "expected positions as integers [Q], found torch.float32 [2]",
    ),
    (global_numbers, "no other randomness", "torch.manual_seed changes the answer"),
    (numbers_of_pythons_own, "same generator same answer", "equal generators gave two answers"),
    (
        first,
        "the order of the candidates",
        "the same images in another order led to another choice",
    ),
    (unique_scores_only, "tied scores", "asked for 13 of 40 images, it gave 1"),
    (topk, "scores that are not finite", "of which the network says nan: leave these out"),
    (gives_up, "a network that diverged", "ZeroDivisionError: nothing is sure"),
    (cheats, "no label is read", "it looked for candidates.labels"),
    (shuffles, "candidates untouched", "it changed candidates.indices"),
    (trains, "network untouched", "it left the network in training mode"),
    (decays, "network untouched", "it changed the weights or the batch-norm statistics"),
]


@pytest.mark.parametrize(("strategy", "check", "words"), FAULTS)
def test_a_fault_is_found_by_its_check_and_told(strategy, check, words):
    (verdict,) = verdicts(strategy, [check])
    assert (verdict.passed, words in verdict.words) == (False, True), verdict.words


def test_every_check_finds_some_fault():
    assert {check for _, check, _ in FAULTS} == set(CHECKS)


@pytest.mark.parametrize("check", ["the order of the candidates", "scores that are not finite"])
def test_what_is_not_meant_for_a_strategy_is_not_held_against_it(check):
    assert verdicts(RandomSampling(), [check])[0].passed is None


def test_the_command_tells_each_check_of_a_yaml(capsys):
    main(["conform", "entropy"])
    printed = capsys.readouterr().out
    assert {check in printed for check in CHECKS} == {True}


def test_the_command_exits_with_2_for_a_strategy_that_breaks_its_contract(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["conform", "test_conformance.topk"])
    assert "leave these out" in " ".join(capsys.readouterr().out.split())


def test_the_command_takes_a_class_from_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "mine_alone.py").write_text("class Odd:\n    def __call__(self, *asked): ...\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    assert type(strategy_called("mine_alone.Odd")).__name__ == "Odd"


@pytest.mark.parametrize(
    "target", ["no_such_package.Odd", "askwell.pool.Nothing", "askwell.pool.Pool"]
)
def test_what_is_no_strategy_is_the_users_to_know(target):
    with pytest.raises(UserError, match=rf"{target} is no strategy \(.+\): name a yaml"):
        strategy_called(target)
