"""Buying labels: what is chosen, what is answered now or later, and what processes agree on."""

from types import SimpleNamespace

import pytest
import torch

from askwell.errors import UserError
from askwell.loop.labelling import Labelling
from askwell.oracle.answers import BROKEN, CANNOT_TELL, UNANSWERED, Answers
from askwell.pool import Pool
from askwell.strategy.candidates import Query

TRUTH = torch.arange(20) % 3


def truth(indices):
    return TRUTH[indices]


def last(candidates, size, generator):
    """The last images, the very last first, with the indices as scores."""
    positions = torch.arange(len(candidates)).flip(0)[:size]
    return Query(positions, candidates.indices[positions].float())


def unread(indices):
    raise AssertionError("the network ran")


def labelling(strategy=last, oracle=truth, bought=(), **settings):
    pool = Pool(len(TRUTH))
    pool.label(bought, TRUTH[list(bought)].tolist(), round=0)
    return Labelling(strategy, oracle, pool, seed=0, **settings)


def buy(shop, size, round):
    """What a query buys whose oracle answers at once."""
    shop.choose(size, round, unread)
    return shop.settle()


def people(answers):
    """An oracle that knows the answers about some images by their indices."""
    return lambda indices: Answers(
        torch.tensor([answers.get(index, UNANSWERED) for index in indices.tolist()])
    )


def processes(gather):
    return SimpleNamespace(gather=gather, is_first=True)


def answers(*positions):
    """A strategy with one answer."""
    return lambda candidates, size, generator: Query(torch.tensor(positions))


def test_positions_among_the_candidates_become_indices():
    assert buy(labelling(bought=(19, 0, 4)), 3, 0).indices.tolist() == [18, 17, 16]


def test_the_oracle_answers_for_the_chosen_images():
    assert buy(labelling(), 3, 0).labels.tolist() == TRUTH[[19, 18, 17]].tolist()


def test_what_was_bought_is_in_the_pool_for_the_next_round():
    shop = labelling()
    buy(shop, 2, 4)
    assert shop.pool.purchases == {19: (1, 5, 19.0), 18: (0, 5, 18.0)}


def test_a_strategy_without_scores_leaves_none():
    assert buy(labelling(answers(3, 1)), 2, 0).scores is None


def test_the_initial_set_is_the_same_for_every_strategy_of_a_seed():
    one, other = labelling(last), labelling(answers(0))
    for shop in (one, other):
        shop.choose_first(6, unread)
        shop.settle()
    assert one.pool.labelled.tolist() == other.pool.labelled.tolist()


def test_what_ranked_next_is_bought_before_the_pool_is_ranked_again():
    asked = []

    def counted(candidates, size, generator):
        asked.append(size)
        return last(candidates, size, generator)

    shop = labelling(counted, rescore_every=2)
    bought = [buy(shop, 3, round).indices.tolist() for round in range(3)]
    assert (asked, bought) == ([6, 6], [[19, 18, 17], [16, 15, 14], [13, 12, 11]])


def test_no_more_are_asked_for_than_are_left():
    asked = []
    shop = labelling(
        lambda candidates, size, generator: asked.append(size) or last(candidates, size, generator)
    )
    shop.rescore_every = 9
    buy(shop, 5, 0)
    assert asked == [20]


@pytest.mark.parametrize(
    ("strategy", "fault"),
    [
        (answers(1, 2, 3, 4), "asked for 3 of 20 images, it gave 4"),
        (answers(1, 1), r"positions must be distinct, it gave \[1, 1\]"),
        (answers(-1), "positions must lie from 0 to 19, it gave -1 to -1"),
        (answers(20), "positions must lie from 0 to 19, it gave 20 to 20"),
        (answers(0.5), "expected positions as integers"),
        (answers(True, False), "expected positions as integers"),
        (answers([1, 2]), r"expected positions as integers \[Q\], found torch.int64 \[1, 2\]"),
        (
            lambda *_: Query(torch.tensor([1, 2]), torch.zeros(1)),
            "expected a score for each of 2 positions",
        ),
    ],
)
def test_an_answer_that_breaks_the_contract_buys_nothing(strategy, fault):
    shop = labelling(strategy)
    with pytest.raises(UserError, match=fault):
        buy(shop, 3, 0)
    assert len(shop.pool) == 0


def test_an_answer_without_images_says_that_the_network_diverged():
    with pytest.raises(
        UserError, match=r"no score of round 3 is finite.*lower model\.optimizer\.lr"
    ):
        buy(labelling(lambda *_: Query(torch.empty(0, dtype=torch.int64))), 3, 3)


def test_another_choice_of_another_process_buys_nothing():
    shop = labelling(processes=processes(lambda share: [share, "another digest"]))
    with pytest.raises(
        UserError, match="process 1 chose other images than process 0 at the end of round 2"
    ):
        buy(shop, 3, 2)
    assert len(shop.pool) == 0


def test_only_the_first_process_asks_and_the_others_are_told():
    told = [(Answers(TRUTH[[19, 18, 17]]), [])]
    second = labelling(oracle=unread)
    second.processes = SimpleNamespace(
        is_first=False, gather=lambda share: [told, share] if share == [] else [share]
    )
    assert buy(second, 3, 0).labels.tolist() == TRUTH[[19, 18, 17]].tolist()


def test_a_query_that_nobody_answered_waits_and_changes_nothing():
    shop = labelling(oracle=lambda indices: None)
    assert (buy(shop, 3, 0), len(shop.pool), shop.open) == (None, 0, [19, 18, 17])


def test_answers_enter_the_pool_in_the_order_of_the_list():
    shop = labelling(oracle=people({17: 0, 19: 1, 18: 2}))
    assert (buy(shop, 3, 0).indices.tolist(), list(shop.pool.purchases)) == 2 * ([19, 18, 17],)


def test_a_query_settles_once_it_has_its_labels_and_the_rest_are_candidates_again():
    shop = labelling(oracle=people({18: 0, 16: 1}))
    shop.choose(4, 0, unread)
    shop.pending = shop.pending._replace(size=2)
    assert shop.settle().indices.tolist() == [18, 16]
    assert {19, 17} <= set(shop.pool.unlabelled.tolist())


def test_an_image_that_nobody_can_tell_leaves_the_pool_and_costs_an_answer():
    shop = labelling(oracle=people({19: CANNOT_TELL, 18: 2, 17: BROKEN}))
    assert buy(shop, 3, 4).labels.tolist() == [2]
    assert (shop.pool.left, shop.pool.answers, shop.pool.bought) == (17, 3, 1)
    assert shop.pool.answers_of_round(5) == {0: 1, CANNOT_TELL: 1, BROKEN: 1}


def test_a_short_query_leaves_what_ranked_next_as_it_was():
    shop = labelling(oracle=people({19: CANNOT_TELL, 18: 1, 17: 1, 16: 0}), rescore_every=2)
    assert [buy(shop, 2, round).indices.tolist() for round in range(2)] == [[18], [17, 16]]


def test_the_images_asked_first_are_kept_also_where_they_have_no_label():
    shop = labelling(oracle=lambda indices: Answers(torch.full((len(indices),), CANNOT_TELL)))
    shop.choose_first(4, unread)
    assert (len(shop.settle().indices), len(shop.first), shop.pool.left) == (0, 4, 16)


def test_evaluation_images_are_asked_in_one_shuffled_list_and_never_enter_the_pool():
    pool = Pool(len(TRUTH), held=range(0, 20, 2))
    shop = Labelling(last, truth, pool, seed=0)
    shop.choose_first(4, unread)
    asked = shop.pending.images
    assert sorted(asked) == sorted([*(index for index, _ in shop.pending.ranked), *pool.held])
    assert asked[:4] != [index for index, _ in shop.pending.ranked]
    shop.settle()
    assert shop.evaluated == {index: int(TRUTH[index]) for index in pool.held}
    assert not set(pool.held) & {*pool.purchases, *pool.unlabelled.tolist()}


def test_the_state_of_a_waiting_query_settles_as_it_would_have():
    waiting, resumed = (labelling(oracle=lambda indices: None), labelling())
    waiting.choose_first(4, unread)
    assert waiting.settle() is None
    resumed.load_state_dict(waiting.state_dict())
    at_once = labelling()
    at_once.choose_first(4, unread)
    assert resumed.settle().indices.equal(at_once.settle().indices)
    assert resumed.first == at_once.first


def test_a_query_lists_more_than_it_needs_and_what_is_left_is_asked_about_last():
    said = {19: 0, 18: 1}
    shop = labelling(oracle=people(said), ahead=2)
    assert buy(shop, 2, 0).indices.tolist() == [19, 18]
    said |= {17: 2, 13: 1}  # the first while the network was trained
    shop.choose(2, 1, unread)
    assert (shop.pending.ranked, shop.pending.former) == (
        [(index, float(index)) for index in (17, 16, 15, 14)],
        [],
    )
    assert shop.settle() is None
    assert shop.open == [16, 15, 14]


def test_answers_to_what_the_next_query_does_not_list_count_all_the_same():
    said = {19: 0, 18: 1}
    shop = labelling(oracle=people(said), ahead=2)
    buy(shop, 2, 0)
    said |= {17: 2, 0: 1}
    shop.strategy = answers(0, 1, 2, 3)
    assert buy(shop, 2, 1).indices.tolist() == [0, 17]
    assert shop.rest == [(1, None), (2, None), (3, None), (16, 16.0)]


def test_what_settles_the_first_query_is_listed_before_what_is_ahead():
    pool = Pool(len(TRUTH), held=range(0, 20, 2))
    shop = Labelling(last, truth, pool, seed=0, ahead=3)
    shop.choose_first(2, unread)
    ranked = [index for index, _ in shop.pending.ranked]
    assert len(ranked) == 6
    assert shop.pending.images[-4:] == ranked[2:]
    assert {*shop.pending.images[:-4]} == {*ranked[:2], *pool.held}


def test_the_evaluation_sample_is_answered_before_anything_is_settled():
    pool = Pool(len(TRUTH), held=[0, 1])
    said = {2: 1, 3: 1, 0: 1}
    told = people(said)
    shop = Labelling(last, lambda asked: told(asked)._replace(settled=True), pool, seed=0)
    shop.choose_first(2, unread)
    assert shop.settle() is None
