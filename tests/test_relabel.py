"""Asking again about doubtful labels: the formula, what it repairs, and runs that do it."""

import csv
import json

import numpy as np
import pytest
import torch
from experiment import Experiment, record_of
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from askwell.loop.activelab import consensus, scores
from askwell.loop.labelling import Labelling
from askwell.loop.out_of_sample import FOLDS, PENALTY, folds_of, out_of_sample
from askwell.loop.relabelling import Relabelling, enter
from askwell.oracle.answers import CANNOT_TELL, UNANSWERED, Answers
from askwell.oracle.simulated import Noisy
from askwell.pool import Pool
from askwell.scoring.frozen import FrozenNetwork
from askwell.strategy.candidates import Query

AGAIN = ("oracle=noisy", "oracle.rate=0.3", "protocol.relabel=0.34")


def by_the_paper(votes, labels, probs):
    """ActiveLab's scores from lists, image by image: equations of CROWDLAB and ActiveLab."""
    classes, most = len(probs[0]), max(map(len, votes))
    several = [i for i, given_ in enumerate(votes) if len(given_) > 1]
    model, weights, agreement = 1.0, [1.0] * most, None
    if several:
        agreement = np.mean([np.mean([v == labels[i] for v in votes[i]]) for i in several])
        counts = [sum(labels[i] == c for i in several) for c in range(classes)]
        chance = max(1 - max(counts) / len(several), 1e-6)
        wrong = np.mean([int(np.argmax(probs[i])) != labels[i] for i in several])
        model = max(1 - wrong / chance, 1e-6) * np.sqrt(np.mean([len(v) for v in votes]))
        agreed = []
        for k in range(most):
            pairs = [
                votes[i][k] == other
                for i in several
                if k < len(votes[i])
                for place, other in enumerate(votes[i])
                if place != k
            ]
            agreed.append(np.mean(pairs))
        weights = [max(1 - (1 - share) / chance, 1e-6) for share in agreed]
    usual, found = np.mean(weights), []
    for given_, label, row in zip(votes, labels, probs, strict=True):
        total = sum(weights[: len(given_)])
        quality = row[label]
        if several:
            other = (1 - agreement) / (classes - 1)
            support = [agreement if v == label else other for v in given_]
            answers = sum(w * s for w, s in zip(weights, support, strict=False))
            quality = (model * row[label] + answers) / (model + total)
        found.append((quality * (total + model) + usual / classes) / (total + model + usual))
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(2, 5))
def test_the_score_is_that_of_the_paper(seed, most, classes):
    dice = np.random.default_rng(seed)
    votes = [dice.integers(0, classes, dice.integers(1, most + 1)).tolist() for _ in range(12)]
    votes.append(dice.integers(0, classes, most).tolist())
    probs = dice.dirichlet(np.ones(classes), len(votes)).tolist()
    labels = [consensus(*pair) for pair in zip(votes, probs, strict=True)]
    padded = torch.tensor([one + [-1] * (most - len(one)) for one in votes])
    found = scores(padded, torch.tensor(labels), torch.tensor(probs, dtype=torch.float64))
    assert found.tolist() == pytest.approx(by_the_paper(votes, labels, probs), abs=1e-12)


def test_with_one_answer_each_the_likelier_label_is_the_less_doubtful():
    probs = torch.tensor([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]])
    found = scores(torch.zeros(3, 1).long(), torch.zeros(3).long(), probs)
    assert found.tolist() == pytest.approx([(2 * one + 0.5) / 3 for one in (0.9, 0.5, 0.2)])


def test_the_majority_is_the_label_and_of_equals_the_likelier_one():
    assert consensus([1, 0, 1], [0.9, 0.1]) == 1
    assert consensus([1, 0], [0.9, 0.1]) == consensus([0, 1], [0.9, 0.1]) == 0


def blobs(seed, count=120, classes=4, width=6, rate=0.2):
    """Features, truth, and labels with mistakes."""
    dice = np.random.default_rng(seed)
    truth = np.arange(count) % classes
    centres = dice.normal(0, 2, (classes, width))
    features = torch.from_numpy(centres[truth] + dice.normal(0, 1, (count, width))).float()
    return features, truth, Noisy(truth, classes, rate, seed)


def test_every_image_is_judged_by_a_head_that_never_saw_its_label():
    features, truth, oracle = blobs(0)
    indices = torch.arange(len(truth))
    labels = oracle(indices)
    folds = folds_of(labels, indices, 3)
    expected = np.empty((len(truth), 4))
    for fold in range(FOLDS):
        kept, rows = (folds != fold).numpy(), features.numpy().astype(np.float64)
        centred = rows - rows[kept].mean(axis=0)
        centred /= np.sqrt(np.square(centred[kept]).mean())
        head = LogisticRegression(C=1 / PENALTY, tol=1e-8, max_iter=1000)
        head.fit(centred[kept], labels[torch.from_numpy(kept)].numpy())
        expected[~kept] = head.predict_proba(centred[~kept])
    found = out_of_sample(features, labels, indices, 4, 3)
    assert np.abs(found.numpy() - expected).max() < 1e-4


def test_each_class_is_spread_over_the_folds_whatever_the_order():
    labels, indices = torch.arange(60) % 3, torch.arange(60) * 7
    folds = folds_of(labels, indices, 0)
    assert all(torch.bincount(folds[labels == one]).tolist() == [4] * 5 for one in range(3))
    order = torch.randperm(60)
    assert folds_of(labels[order], indices[order], 0).equal(folds[order])


def repaired(seed, choose):
    """How many wrong labels fewer there are after 40 repeated answers, 10 at a time."""
    features, truth, oracle = blobs(seed)
    pool, indices = Pool(len(truth)), torch.arange(len(truth))
    pool.label(indices.tolist(), oracle(indices).tolist(), round=0)
    wrong = [(pool.labels(indices).numpy() != truth).sum()]
    for round in range(1, 5):
        asked = choose(Relabelling(0.2, 4, seed), pool, indices, features, round)
        times = torch.tensor([pool.asked(index) for index, *_ in asked])
        answers = oracle.again(torch.tensor([index for index, *_ in asked]), times)
        enter(pool, asked, answers.tolist(), round)
    return wrong[0] - (pool.labels(indices).numpy() != truth).sum()


def by_activelab(relabelling, pool, indices, features, round):
    return relabelling.choose(pool, indices, features, 10)


def at_random(relabelling, pool, indices, features, round):
    """Random images, with the same rule for what their label becomes."""
    every = relabelling.choose(pool, indices, features, len(indices))
    return [every[place] for place in np.random.default_rng(round).permutation(len(every))[:10]]


def test_asking_again_about_doubtful_labels_repairs_more_than_asking_at_random():
    seeds = range(2)
    doubtful = [repaired(seed, by_activelab) for seed in seeds]
    random = [repaired(seed, at_random) for seed in seeds]
    assert np.mean(doubtful) > 2 * np.mean(random)
    assert min(doubtful) > 0


# Buying


FEATURES, TRUTH, NOISY = blobs(1)


def looks(indices, draws):
    raise AssertionError("the network ran")


def first(candidates, size, generator):
    return Query(torch.arange(min(size, len(candidates))))


def labelling(oracle=NOISY, labelled=60, **changes):
    pool = Pool(len(TRUTH))
    pool.label(range(labelled), NOISY(torch.arange(labelled)).tolist(), round=0)
    parts = {"seed": 0, "relabelling": Relabelling(0.25, 4, 0)}
    parts |= {"rows": lambda indices: FEATURES[indices]} | changes
    return Labelling(first, oracle, pool, **parts)


def test_a_share_of_the_query_asks_again_and_each_answer_counts():
    shop = labelling()
    shop.choose(8, 0, looks)
    bought = shop.settle()
    assert (len(bought.indices), len(shop.pool.repeats)) == (6, 2)
    assert (shop.pool.answers, shop.pool.bought, shop.pool.total) == (68, 68, 68)
    assert {one.round for one in shop.pool.repeats} == {1}


def test_a_pending_query_read_back_from_a_checkpoint_settles_as_it_would_have():
    shop, other = labelling(), labelling()
    for one in (shop, other):
        one.choose(8, 0, looks)
    state = json.loads(json.dumps(shop.state_dict()))
    other.pending = None
    other.load_state_dict(state)
    shop.settle(), other.settle()
    assert other.pool.repeats == shop.pool.repeats != []
    assert other.pool.digest == shop.pool.digest != labelling().pool.digest


def test_an_image_is_asked_about_no_more_often_than_the_oracle_has_answers():
    oracle = Noisy(TRUTH, 4, 0.3, 0)
    oracle.askings = 2
    shop = labelling(oracle, labelled=8)
    for round in range(6):
        shop.choose(12, round, looks)
        shop.settle()
    times = [shop.pool.asked(index) for index in shop.pool.purchases]
    assert max(times) == 2
    assert times.count(2) == 18


def test_an_answer_without_a_label_costs_and_changes_nothing():
    pool = Pool(3)
    pool.label([0, 1], [1, 1], round=0)
    enter(pool, [(0, 0.1, [0.9, 0.1]), (1, 0.2, [0.9, 0.1])], [CANNOT_TELL, UNANSWERED], 1)
    assert (pool.labels([0, 1]).tolist(), pool.answers, pool.total) == ([1, 1], 3, 2)


def test_what_nobody_answered_again_is_not_waited_for_once_the_labels_are_there():
    class Slow:
        def __call__(self, indices):
            return Answers(torch.tensor([index % 4 for index in indices.tolist()]))

        def again(self, indices, times):
            return Answers(torch.full((len(indices),), UNANSWERED))

    shop = labelling(Slow(), ahead=2)
    shop.choose(8, 0, looks)
    assert len(shop.settle().indices) == 12
    assert shop.pool.repeats == []


# Whole runs


def test_doubt_sees_features_that_no_label_has_shaped(composed):
    retrain = ("protocol=retrain", "protocol.epochs_per_round=2")
    trained, fresh = Experiment(composed(*retrain)).fit(), Experiment(composed(*retrain))
    dataset = fresh.data.dataset
    fresh.model.standardise.fit(dataset.mean, dataset.std)
    indices = torch.arange(20)
    expected = FrozenNetwork(fresh.model.network)(dataset.train.fetch(indices.numpy())).features
    sight = trained.learner.sight
    assert trained.learner.labelling.unbiased(indices).allclose(expected, atol=1e-5)
    assert not sight.look(indices).features.allclose(expected, atol=1e-2)


def test_a_run_that_asks_again_resumes_and_is_replayed_bit_for_bit(program, tmp_path):
    program(*AGAIN, "name=whole")
    program(*AGAIN, "name=parts", "rounds=2")
    program(*AGAIN, "name=parts", "resume=true")
    folder = tmp_path / "outputs" / "whole"
    replayed = ("oracle=replay", f"oracle.run={folder}", "protocol.relabel=0.34", "name=replayed")
    program(*replayed)
    whole, parts, again = (
        record_of(folder.parent / name) for name in ("whole", "parts", "replayed")
    )
    assert whole == parts == again
    tables = [(folder.parent / one / "relabelled.csv").read_text() for one in ("parts", "replayed")]
    assert tables == 2 * [(folder / "relabelled.csv").read_text()]
    rows = list(csv.DictReader(tables[0].splitlines()))
    assert [row["round"] for row in rows] == ["1", "1", "2", "2"]
    assert [line["labels"] for line in whole[0]] == [6, 12, 18]
    assert [line.get("asked_again", {}).get("answers") for line in whole[0]] == [None, 2, 2]
    assert len(whole[1].splitlines()) == 1 + 6 + 4 + 4


def test_a_run_that_asks_nothing_again_records_what_it_did_before(program, tmp_path):
    program("protocol.relabel=0", "name=none")
    assert not (tmp_path / "outputs/none/relabelled.csv").exists()
    assert "asked_again" not in (tmp_path / "outputs/none/rounds.jsonl").read_text()


def test_the_answers_of_a_table_are_taken_column_by_column(program, images, tmp_path):
    names = ("ash", "birch", "cedar")
    rows = [
        (f"train/{name}/{number:02}.png", *(names[(place + k) % 3] for k in (0, 1, 2)))
        for place, name in enumerate(names)
        for number in range(16)
    ]
    lines = [",".join(row) for row in [("image", "first", "second", "third"), *rows]]
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n")
    people = ("oracle=replay", f"oracle.table={tmp_path}/people.csv", "protocol.relabel=0.34")
    program(*people, "oracle.column=[first,second,third]", "rounds=4")
    rows = csv.DictReader((tmp_path / "outputs/run/relabelled.csv").read_text().splitlines())
    asked = {}
    for row in rows:
        truth = names.index(row["image"].split("/")[-2])
        asked[row["index"]] = asked.get(row["index"], 0) + 1
        assert int(row["answer"]) == (truth + asked[row["index"]]) % 3
    assert sum(asked.values()) == 6


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("oracle=truth", "protocol.relabel=0.2"), "needs an oracle that may answer otherwise"),
        (("oracle=file", "protocol.relabel=0.2"), "needs an oracle that may answer otherwise"),
        (("oracle=noisy", "protocol.relabel=1"), "expected a share from 0 to below 1"),
        (("oracle=noisy", "protocol.relabel=often"), "expected a share from 0 to below 1"),
        (("oracle=noisy", "protocol.relabel=0.05"), "of query_size=6 is no image"),
    ],
)
def test_what_cannot_be_asked_again_is_refused(program, capsys, words, why):
    with pytest.raises(SystemExit) as ended:
        program(*words)
    assert (ended.value.code, why in capsys.readouterr().err) == (2, True)
