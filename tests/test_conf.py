"""Every choice in conf/ composes and builds its part. A new yaml is tested unasked."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import ROOT
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.utils import instantiate
from omegaconf import OmegaConf
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.loggers import Logger

from askwell.batches import ActiveDataModule
from askwell.dataset.base import ImageDataset
from askwell.embedding.pretrained import Normalisation, PretrainedNetwork
from askwell.loop.callback import ActiveLearning
from askwell.model.head import Head
from askwell.oracle.answers import answers_of
from askwell.oracle.subject import oracle_for

CONF = ROOT / "conf"
GROUPS = sorted(
    folder.name for folder in CONF.iterdir() if folder.is_dir() and folder.name != "hydra"
)


def choices(group: str) -> list[str]:
    return sorted(
        file.stem for file in (CONF / group).glob("*.yaml") if not file.stem.startswith("_")
    )


def every(group: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("choice", choices(group))


@pytest.fixture
def chosen(composed):
    """The whole config with some choices; as a user gets it, not shrunk."""
    return lambda *overrides: composed(*overrides, shrink=False)


@pytest.mark.parametrize(
    ("group", "choice"),
    [(group, choice) for group in GROUPS if group != "callbacks" for choice in choices(group)],
)
def test_every_choice_composes_and_resolves(chosen, group, choice):
    cfg = chosen(f"{group}={choice}")
    resolved = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
    assert ("${" in str(resolved), resolved.keys()) == (False, cfg.keys())


@every("dataset")
def test_every_data_set_builds_without_a_file(chosen, choice):
    dataset = instantiate(
        chosen(f"dataset={choice}", "data_dir=nowhere", "cache_dir=nowhere").dataset
    )
    assert isinstance(dataset, ImageDataset)


@pytest.fixture
def built_model(chosen, tmp_path):
    """A model of 7 classes; what it needs of an embedding is an encoder of 5 numbers an image."""

    def build(choice, *overrides):
        embedding = "torchvision" if choice.startswith("finetune") else "own"
        cfg = chosen(f"model={choice}", f"embedding={embedding}", *overrides)
        cfg.dataset.num_classes, cfg.embedding.features = 7, 5
        if choice.startswith("finetune"):
            cfg.model.encoder = {"_target_": f"{__name__}.five_means"}
        return instantiate(cfg.model)

    return build


def five_means():
    trunk = torch.nn.Sequential(
        torch.nn.Conv2d(3, 5, 1), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    )
    return PretrainedNetwork("five", trunk, 8, Normalisation((0.5,) * 3, (0.5,) * 3))


@every("model")
@pytest.mark.parametrize("shape", [(1, 28), (3, 32)])
def test_every_network_gives_logits_of_the_data_sets_classes(built_model, choice, shape):
    channels, size = shape
    model = built_model(choice, f"dataset.channels={channels}", f"dataset.image_size={size}")
    pixels = torch.zeros(2, channels, size, size, dtype=torch.uint8)
    rows = torch.zeros(2, 5, dtype=torch.float16)
    assert model(rows if isinstance(model, Head) else pixels).shape == (2, 7)


@pytest.mark.parametrize("size", [8, 12, 13, 28, 64, 100])
def test_the_default_network_fits_images_of_any_size(chosen, size):
    cfg = chosen(f"dataset.image_size={size}")
    cfg.dataset.num_classes = 10
    assert instantiate(cfg.model)(torch.zeros(2, 1, size, size, dtype=torch.uint8)).shape == (2, 10)


@every("model")
def test_every_network_has_an_optimizer(built_model, choice):
    made = built_model(choice).configure_optimizers()
    optimizers = made[0] if isinstance(made, tuple) else [made]
    assert [isinstance(optimizer, torch.optim.Optimizer) for optimizer in optimizers] == [True]


@pytest.mark.parametrize("choice", ["own", "file"])
def test_every_embedding_builds_that_needs_nothing(chosen, choice):
    assert callable(instantiate(chosen(f"embedding={choice}").embedding).open)


@every("embedding")
def test_every_embedding_has_a_place_for_the_length_of_its_rows(chosen, choice):
    assert chosen(f"embedding={choice}").embedding.features is None


@every("strategy")
def test_every_strategy_builds(chosen, choice):
    assert callable(instantiate(chosen(f"strategy={choice}").strategy))


@every("oracle")
def test_every_oracle_answers_about_every_image_it_is_asked(chosen, choice, tmp_path):
    (tmp_path / "run.json").write_text('{"dataset_fingerprint": "f", "classes": ["ash", "birch"]}')
    (tmp_path / "queries.csv").write_text("index,label\n0,1\n1,0\n2,1\n")
    replayed = [f"oracle.run={tmp_path}"] if choice == "replay" else []
    factory = instantiate(chosen(f"oracle={choice}", f"answers_dir={tmp_path}", *replayed).oracle)
    images = SimpleNamespace(truth=np.array([1, 0, 1]), names=None)
    dataset = SimpleNamespace(
        train=images, classes=("ash", "birch"), fingerprint="f", knows_truth=True
    )
    assert len(answers_of(oracle_for(factory, dataset)(torch.arange(3)), 3).labels) == 3


@every("protocol")
def test_every_protocol_builds_the_loop(chosen, choice):
    assert isinstance(
        instantiate(chosen(f"protocol={choice}").callbacks.active_learning), ActiveLearning
    )


@every("batch_size")
def test_every_batch_size_sets_the_labels_of_a_query(chosen, choice):
    assert chosen(f"batch_size={choice}").callbacks.active_learning.query_size == int(
        choice.removeprefix("k")
    )


@every("trainer")
def test_every_trainer_builds(chosen, choice):
    has_gpu = torch.cuda.is_available()
    cfg = chosen(f"trainer={choice}", *([] if has_gpu else ["trainer.accelerator=cpu"]))
    assert isinstance(instantiate(cfg.trainer, logger=False, enable_checkpointing=False), Trainer)


@every("trainer")
def test_every_trainer_lets_the_training_set_grow(chosen, choice):
    trainer = chosen(f"trainer={choice}").trainer
    assert (trainer.reload_dataloaders_every_n_epochs, trainer.use_distributed_sampler) == (
        1,
        False,
    )


@every("logger")
def test_every_logger_builds(chosen, choice):
    offline = ["logger.wandb.mode=offline"] if choice == "wandb" else []
    loggers = [instantiate(node) for node in chosen(f"logger=[{choice}]", *offline).logger.values()]
    assert [isinstance(logger, Logger) for logger in loggers] == (
        [] if choice == "none" else [True]
    )


def test_several_loggers_can_be_had_at_once(chosen):
    assert set(chosen("logger=[csv,tensorboard]").logger) == {"csv", "tensorboard"}


def test_every_callback_builds(chosen):
    assert {isinstance(instantiate(node), Callback) for node in chosen().callbacks.values()} == {
        True
    }


@every("callbacks")
def test_every_callback_is_among_the_defaults(chosen, choice):
    assert choice == "default" or choice in chosen().callbacks


def test_a_callback_can_be_left_out(chosen):
    assert "console" not in chosen("~callbacks.console").callbacks


@pytest.mark.slow
@every("experiment")
def test_the_sweep_of_every_experiment_composes(choice):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        params = compose(
            "config", [f"experiment={choice}"], return_hydra_config=True
        ).hydra.sweeper.params
        axes = OverridesParser.create().parse_overrides(
            [f"{axis}={values}" for axis, values in params.items()]
        )
        wished = [(axis.key_or_group, value) for axis in axes for value in axis.sweep_iterator()]
        wished = [pair for pair in wished if pair[0] != "seed" or pair[1] == 0]  # one of many alike
        taken = [(axis, taken_of(axis, choice, value)) for axis, value in wished]
    assert (
        [(axis, str(value)) for axis, value in taken]
        == [(axis, str(value)) for axis, value in wished]
        != []
    )


def taken_of(axis, experiment, value):
    """What an axis of a sweep, a group or a setting, is at in the config of the job."""
    cfg = compose(
        "config", [f"experiment={experiment}", f"{axis}={value}"], return_hydra_config=True
    )
    return cfg.hydra.runtime.choices.get(axis, OmegaConf.select(cfg, axis))


@every("experiment")
def test_every_experiment_says_what_it_is(choice):
    text = (CONF / "experiment" / f"{choice}.yaml").read_text()
    assert text.startswith("# @package _global_\n# ")


@pytest.mark.parametrize(
    "file", sorted(CONF.glob("*/*.yaml")), ids=lambda file: f"{file.parent.name}/{file.stem}"
)
def test_a_yaml_holds_one_thing(file):
    assert len(file.read_text().splitlines()) <= 21


def test_the_defaults_are_a_small_run_that_needs_no_download(chosen):
    cfg = chosen()
    parts = [
        cfg.dataset._target_,
        cfg.strategy.acquisition._target_,
        cfg.query_size,
        cfg.protocol.epochs_per_round,
    ]
    assert parts == [
        "askwell.dataset.mnist_mini.MnistMini",
        "askwell.acquisition.least_confidence",
        32,
        1,
    ]


def test_the_default_logger_is_wandb(chosen):
    assert list(chosen().logger) == ["wandb"]


def test_the_data_lie_where_the_environment_says(chosen, monkeypatch):
    monkeypatch.setenv("ASKWELL_DATA", "somewhere")
    assert chosen().dataset.data_dir == "somewhere"


def test_the_data_lie_in_data_unless_said_otherwise(chosen, monkeypatch):
    monkeypatch.delenv("ASKWELL_DATA", raising=False)
    assert chosen().dataset.data_dir == "data"


def test_a_number_of_an_experiment_is_said_once(chosen):
    cfg = chosen("seed=7", "oracle=noisy")
    assert {cfg.seed, cfg.datamodule.seed, cfg.oracle.seed, cfg.callbacks.active_learning.seed} == {
        7
    }


def test_the_data_module_builds(chosen):
    assert isinstance(instantiate(chosen().datamodule), ActiveDataModule)


@pytest.mark.parametrize("group", ["dataset", "embedding", "model", "strategy"])
def test_what_users_extend_lives_in_the_room_of_its_group(chosen, group):
    targets = {chosen(f"{group}={choice}")[group]._target_ for choice in choices(group)}
    assert {".".join(target.split(".")[:2]) for target in targets} == {f"askwell.{group}"}


def test_single_runs_and_sweeps_lie_where_their_name_says():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        hydra = compose("config", ["name=mine"], return_hydra_config=True).hydra
        assert (Path(hydra.run.dir), Path(hydra.sweep.dir)) == (
            Path("outputs/mine"),
            Path("multirun/mine"),
        )
