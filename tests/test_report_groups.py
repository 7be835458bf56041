"""Which runs are compared with each other."""

from fnmatch import fnmatch

import pytest
from report_runs import groups_of, write_run


def config(**settings):
    return {
        "seed": 0,
        "strategy": {"_target_": "any"},
        "rounds": 25,
        "oracle": {"rate": 0.1},
        **settings,
    }


def test_runs_without_differing_settings_are_one_group(tmp_path):
    for strategy in ("random", "lc"):
        write_run(tmp_path, strategy)
    assert [group.title for group in groups_of(tmp_path)] == ["mnist"]


def test_data_sets_are_never_pooled(tmp_path):
    for dataset in ("mnist", "fruits"):
        write_run(tmp_path, dataset=dataset)
    assert [group.title for group in groups_of(tmp_path)] == ["fruits", "mnist"]


def test_query_sizes_are_never_pooled_and_stand_in_order_of_size(tmp_path):
    for size in (128, 32):
        write_run(tmp_path, query_size=size)
    assert [group.title for group in groups_of(tmp_path)] == [
        "mnist · query size 32",
        "mnist · query size 128",
    ]


def test_a_difference_anywhere_in_the_config_sets_runs_apart(tmp_path):
    for rate in (0.05, 0.2):
        write_run(tmp_path, config=config(oracle={"rate": rate}))
    assert [group.title for group in groups_of(tmp_path)] == [
        "mnist · rate 0.05",
        "mnist · rate 0.2",
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"rounds": 3},
        {"seed": 1},
        {"strategy": {"_target_": "other"}},
        {"data_dir": "elsewhere"},
        {"trainer": {"devices": 2}},
    ],
)
def test_what_a_comparison_is_about_or_what_changes_nothing_does_not(tmp_path, settings):
    write_run(tmp_path, "random", config=config())
    write_run(tmp_path, "lc", config=config(**settings))
    assert [group.strategies for group in groups_of(tmp_path)] == [["random", "lc"]]


def test_what_only_differs_along_with_a_choice_goes_unsaid(tmp_path):
    for protocol, epochs in (("paper", 1), ("retrain", 30)):
        write_run(tmp_path, protocol=protocol, config=config(protocol={"epochs_per_round": epochs}))
    assert [group.title for group in groups_of(tmp_path)] == [
        "mnist · protocol paper",
        "mnist · protocol retrain",
    ]


def test_a_setting_that_only_some_runs_have_is_told_of_those(tmp_path):
    write_run(tmp_path, oracle="truth", config=config(oracle={}))
    for rate in (0.05, 0.2):
        write_run(tmp_path, oracle="noisy", config=config(oracle={"rate": rate}))
    titles = [group.title for group in groups_of(tmp_path)]
    assert titles == [
        "mnist · oracle noisy · rate 0.05",
        "mnist · oracle noisy · rate 0.2",
        "mnist · oracle truth",
    ]


def test_a_class_is_shown_by_its_name(tmp_path):
    for target in ("torch.optim.Adam", "torch.optim.SGD"):
        write_run(tmp_path, config=config(model={"optimizer": {"_target_": target}}))
    assert [group.title for group in groups_of(tmp_path)] == [
        "mnist · optimizer Adam",
        "mnist · optimizer SGD",
    ]


def test_a_class_that_moved_to_another_module_is_the_same(tmp_path):
    for target in ("askwell.model.cnn.Network", "askwell.model.convolutional.Network"):
        write_run(tmp_path, config=config(model={"network": {"_target_": target}}))
    assert [group.title for group in groups_of(tmp_path)] == ["mnist"]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (range(1, 12), ["0, 1, 2 … (11)", "1, 2, 3 … (11)"]),
        ([*range(10), 11], ["0, 1, 2 … (11) ????", "0, 1, 2 … (11) ????"]),
    ],
)
def test_a_long_list_of_classes_is_cut_so_that_it_tells_runs_apart(tmp_path, other, told):
    for classes in (range(11), other):
        write_run(tmp_path, classes=[str(number) for number in classes])
    titles = [group.title for group in groups_of(tmp_path)]
    assert [
        fnmatch(title, f"mnist · classes {end}") for title, end in zip(titles, told, strict=True)
    ] == [True, True]
    assert len(set(titles)) == 2


@pytest.mark.parametrize("seeds", [(0, 0), (0, 1)])
def test_a_strategy_with_other_settings_is_another_strategy(tmp_path, seeds):
    for beta, seed in zip((1, 2), seeds, strict=True):
        strategy = {"_target_": "mine.Mine", "beta": beta, "seed": seed}
        write_run(tmp_path, "mine", seed, config=config(strategy=strategy))
    write_run(tmp_path, "random", config=config())
    assert [group.strategies for group in groups_of(tmp_path)] == [
        ["random", "mine beta 1", "mine beta 2"]
    ]


def test_the_seed_of_a_split_is_a_setting(tmp_path):
    for seed in (0, 1):
        write_run(tmp_path, config=config(dataset={"split_seed": seed}))
    assert [group.title for group in groups_of(tmp_path)] == [
        "mnist · split seed 0",
        "mnist · split seed 1",
    ]


def test_numbers_stand_in_order_of_size_however_written(tmp_path):
    for rate in (1e-3, 1e-5, 1e-4):
        write_run(tmp_path, config=config(lr=rate))
    assert [group.settings["lr"] for group in groups_of(tmp_path)] == ["1e-05", "0.0001", "0.001"]


def test_a_run_that_does_not_know_its_settings_is_a_group_that_says_so(tmp_path):
    for facts in ({"config": config(oracle={"rate": 0.1})}, {"config": config(oracle={})}, {}):
        write_run(tmp_path, **facts)
    assert {group.title for group in groups_of(tmp_path)} == {
        "mnist",
        "mnist · rate 0.1",
        "mnist · rate unknown",
    }


def test_names_that_differ_in_capitals_alone_have_files_of_their_own(tmp_path):
    for dataset in ("fruits", "Fruits"):
        write_run(tmp_path, dataset=dataset)
    assert len({group.slug.casefold() for group in groups_of(tmp_path)}) == 2


def test_settings_with_the_same_last_word_are_told_in_full(tmp_path):
    for rate, dropout in ((0.1, 0.2), (0.1, 0.3), (0.2, 0.2)):
        write_run(tmp_path, config=config(oracle={"rate": rate}, dropout={"rate": dropout}))
    assert groups_of(tmp_path)[0].title == "mnist · oracle.rate 0.1 · dropout.rate 0.2"


def test_a_setting_that_only_some_runs_have_tells_them_apart(tmp_path):
    for datamodule in (
        {"augmentation": None},
        {"augmentation": {"_target_": "askwell.AffineElastic", "elastic": 1}},
    ):
        write_run(tmp_path, config=config(datamodule=datamodule))
    assert len(groups_of(tmp_path)) == 2


def test_a_setting_that_was_added_to_some_runs_tells_them_apart(tmp_path):
    for optimizer in ({"lr": 0.1}, {"lr": 0.1, "weight_decay": 0.1}):
        write_run(tmp_path, config=config(model={"optimizer": optimizer}))
    assert [group.title for group in groups_of(tmp_path)] == ["mnist · weight decay 0.1", "mnist"]
