"""Groups of one data set side by side."""

from pathlib import Path

from report_runs import groups_of, write_run

from askwell.report.sections.overview import overviews


def test_every_strategy_is_compared_with_random_under_the_same_setting(tmp_path: Path) -> None:
    """With queries of 128 the runs share the first round only: nothing is tested, and nothing
    excluded.
    """
    for size, to_target in ((32, (0.5, 0.9)), (128, (0.9,))):
        for seed in range(5):
            write_run(tmp_path, "random", seed, (0.5, 0.5, 0.5, 0.9), query_size=size)
            write_run(tmp_path, "lc", seed, to_target, query_size=size)
    (section,) = overviews(groups_of(tmp_path))
    assert [(row[0], row[-1]) for row in section.tables[0].rows] == [
        ("random, query size 32", "–"),
        ("lc, query size 32", "to 90 %: 50 % fewer (38–62 %)"),
        ("random, query size 128", "–"),
        ("lc, query size 128", "to 90 %: 75 % fewer (as many to 88 % fewer)"),
    ]


def test_a_data_set_with_one_group_has_no_overview(tmp_path: Path) -> None:
    for dataset in ("mnist", "fruits"):
        write_run(tmp_path, dataset=dataset)
    assert list(overviews(groups_of(tmp_path))) == []


def test_without_random_nothing_is_told_against_it(tmp_path: Path) -> None:
    for size in (32, 128):
        write_run(tmp_path, "lc", query_size=size)
    (section,) = overviews(groups_of(tmp_path))
    assert {row[-1] for row in section.tables[0].rows} == {"–"}


def test_runs_that_wait_for_answers_stand_beside_finished_ones(tmp_path: Path) -> None:
    write_run(tmp_path, "lc", query_size=32)
    write_run(tmp_path, "lc", query_size=128, status="waiting")
    (section,) = overviews(groups_of(tmp_path))
    assert [row[0] for row in section.tables[0].rows] == ["lc, query size 32", "lc, query size 128"]
