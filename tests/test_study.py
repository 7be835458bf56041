"""What counts as one study: everything that is computed, under whatever name, and nothing else."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from askwell.errors import UserError
from askwell.run.free_settings import FREE, is_free
from askwell.run.identity import refuse_other_study, study_of, study_of_run
from askwell.strategy.appearance import PARTS

BASE = {
    "seed": 0,
    "rounds": 25,
    "dataset": {"_target_": "askwell.dataset.folder.Folder", "root": "/photos", "image_size": 28},
    "strategy": {"_target_": "askwell.strategy.RandomSampling"},
    "trainer": {"_target_": "pytorch_lightning.Trainer", "accelerator": "cpu"},
    "callbacks": {},
}


def study(*more):
    return study_of(OmegaConf.merge(BASE, *more))


@pytest.mark.parametrize(
    "name", ["budget", "store", "root", "timeout", "name", "rounds", "num_classes", "num_workers"]
)
def test_a_strategys_own_parameter_counts_whatever_it_is_called(name):
    assert study({"strategy": {name: 1}}) != study({"strategy": {name: 2}})


@pytest.mark.parametrize("path", FREE)
def test_what_does_not_count_may_differ(path):
    one, other = OmegaConf.create(), OmegaConf.create()
    OmegaConf.update(one, path, ["one"])
    OmegaConf.update(other, path, ["another"])
    assert study(one) == study(other)


words = st.text("abcdefgh_", min_size=1, max_size=8)


@given(st.lists(words, min_size=2, max_size=4), st.integers(0, 5), st.integers(6, 9))
def test_a_group_of_ones_own_counts(path, value, other):
    one, two = OmegaConf.create(), OmegaConf.create()
    OmegaConf.update(one, ".".join(["mine", *path]), value)
    OmegaConf.update(two, ".".join(["mine", *path]), other)
    assert study(one) != study(two)


@pytest.mark.parametrize(
    "flag",
    [{"precision": "bf16-mixed"}, {"gradient_clip_val": 1.0}, {"accumulate_grad_batches": 2}],
)
def test_the_trainers_flags_that_change_results_count(flag):
    assert study({"trainer": flag}) != study()


@pytest.mark.parametrize(
    "flag", [{"accelerator": "gpu"}, {"devices": 2}, {"benchmark": True}, {"profiler": "simple"}]
)
def test_the_trainers_other_flags_do_not_count(flag):
    assert study({"trainer": flag}) == study()


@pytest.mark.parametrize(
    "default", [{"precision": 32}, {"precision": "32-true"}, {"accumulate_grad_batches": 1}]
)
def test_a_flag_at_lightnings_default_is_as_if_absent(default):
    assert study({"trainer": default}) == study()


def test_a_class_counts_by_its_name_alone():
    moved = {"strategy": {"_target_": "askwell.elsewhere.RandomSampling"}}
    assert study(moved) == study()
    assert study({"strategy": {"_target_": "askwell.strategy.Other"}}) != study()


def test_a_copy_of_a_group_counts_as_that_group():
    copied = {"datamodule": {"dataset": "${dataset}"}}
    assert study(copied) == study(copied, {"dataset": {"root": "/elsewhere"}})
    assert study(copied) != study()


def test_the_resolved_config_of_a_run_is_the_same_study():
    cfg = OmegaConf.merge(
        BASE, {"datamodule": {"dataset": "${dataset}", "seed": "${seed}"}, "model": {"lr": 0.1}}
    )
    assert study_of_run({"config": OmegaConf.to_container(cfg, resolve=True)}) == study_of(cfg)


def test_a_setting_that_follows_the_rounds_counts():
    schedule = {"model": {"lr_scheduler": {"T_max": "${rounds}"}}}
    assert study(schedule) != study(schedule, {"rounds": 30})


def test_a_callback_may_follow_the_rounds():
    mine = {"callbacks": {"mine": {"_target_": "mine.Watch", "total": "${rounds}"}}}
    assert study(mine) == study(mine, {"rounds": 30})
    assert study(mine) != study()


def test_a_user_names_what_does_not_count():
    mine = {"callbacks": {"mine": {"_target_": "mine.Watch"}}}
    assert study(mine, {"free": ["callbacks.mine"]}) == study()


def test_a_free_list_that_is_no_list_is_refused():
    with pytest.raises(UserError, match=r"write free=\[callbacks\.mine\]"):
        study({"free": "callbacks.mine"})


def test_a_file_counts_by_its_content(tmp_path):
    for name, content in (("a.pt", "weights"), ("b.pt", "weights"), ("c.pt", "others")):
        (tmp_path / name).write_text(content)
    a, b, c = (
        study({"model": {"weights": str(tmp_path / name)}}) for name in ("a.pt", "b.pt", "c.pt")
    )
    assert a == b
    assert a != c
    assert os.fspath(tmp_path) not in str(a)


def test_no_absolute_path_is_part_of_a_study(tmp_path):
    assert study({"mine": {"folder": str(tmp_path)}}) == study(
        {"mine": {"folder": "/nowhere/else"}}
    )


def test_reading_a_run_opens_no_file_that_it_names(tmp_path):
    os.mkfifo(tmp_path / "pipe.pt")
    assert study_of_run({"config": {"model": {"weights": str(tmp_path / "pipe.pt")}}}) == {}


@pytest.mark.parametrize("run", [{}, {"config": None}, {"config": []}, {"study": None}])
def test_a_run_that_does_not_say_what_it_computes_has_no_study(run):
    assert study_of_run(run) is None


def test_another_study_is_refused_with_the_setting_and_both_values():
    with pytest.raises(
        UserError, match=r"runs/a holds a run with seed=0, this one has seed=1: use the same"
    ):
        refuse_other_study({"study": study()}, study({"seed": 1}), "runs/a")


def test_a_new_callback_is_refused_with_the_way_to_say_that_it_only_watches():
    with pytest.raises(UserError, match=r"or free=\[callbacks\.mine\] if it changes no result"):
        refuse_other_study(
            {"study": study()}, study({"callbacks": {"mine": {"_target_": "mine.Watch"}}}), "runs/a"
        )


def test_the_whole_trainer_is_free_but_not_each_of_its_flags():
    assert is_free("trainer")
    assert is_free("trainer.devices")
    assert not is_free("trainer.precision")


def test_a_former_run_that_names_a_file_is_not_another_study(tmp_path):
    (tmp_path / "w.pt").write_text("weights")
    own = {"model": {"weights": str(tmp_path / "w.pt")}}
    former = {"config": OmegaConf.to_container(OmegaConf.merge(BASE, own), resolve=True)}
    assert refuse_other_study(former, study(own), "runs/a") is None


@pytest.mark.parametrize("group", ["strategy", "initial"])
@pytest.mark.parametrize("part", PARTS)
def test_how_a_strategy_is_shown_does_not_count(group, part):
    shown = {group: {"_target_": "mine.Mine", part: "one"}}
    assert study(shown) == study({group: {"_target_": "mine.Mine"}})
    assert study({group: {"_target_": "mine.Mine", "titles": 1}}) != study(shown)


def test_a_random_initial_set_counts_as_it_did_before_it_was_a_setting():
    initial = {"_target_": "askwell.strategy.RandomSampling", "title": "random"}
    loop = {"active_learning": {"initial": "${initial}"}}
    assert study({"initial": initial, "callbacks": loop}) == study()
    former = {"study": study()}
    assert refuse_other_study(former, study({"initial": initial, "callbacks": loop}), "a") is None


def test_another_initial_strategy_is_another_study():
    loop = {"callbacks": {"active_learning": {"initial": "${initial}"}}}
    chosen = study({"initial": {"_target_": "askwell.strategy.kcentre.KCentre"}}, loop)
    assert chosen == study() | {"initial._target_": "KCentre"}
    with pytest.raises(UserError, match=r"initial\._target_=RandomSampling, .*=KCentre"):
        refuse_other_study({"study": study()}, chosen, "runs/a")


def test_a_network_in_a_folder_counts_by_the_folders_name():
    studies = [
        study({"embedding": {"name": f"local-dir:{place}"}})
        for place in ("/here/net", "/there/net", "/here/other")
    ]
    assert studies[0] == studies[1] != studies[2]


def test_a_run_from_before_there_were_embeddings_computes_the_same():
    own = {"_target_": "askwell.embedding.own.Own", "features": None}
    data = {"embedding": "${embedding}", "inputs": "pixels"}
    assert study({"embedding": own, "datamodule": data}) == study()
