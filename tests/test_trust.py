"""What a folder from somebody else may have run when it is resumed."""

import pytest

from askwell.command.trust import foreign, is_harmless, is_known_target

HARMLESS = [
    *(
        "strategy=lc",
        "seed=0,1",
        "seed=range(10)",
        "dataset.root='/x/a b'",
        "trainer=cpu",
        "~callbacks.console",
    ),
    *(
        "logger=[wandb,csv]",
        "experiment=paper_mini",
        "dataset.classes=[0,1],[4,9]",
        "name='${now:%Y}'",
    ),
    *(
        "hydra.mode=RUN",
        "hydra.sweep.subdir='0'",
        "hydra/launcher=submitit_local",
        "hydra.launcher.timeout_min=60",
    ),
    *("hydra.sweeper.params.seed='0,1'", "hydra/sweeper=askwell", "dataset.root=${oc.env:HOME}/x"),
    "model.optimizer._target_=torch.optim.SGD",
    "+callbacks.lr._target_=pytorch_lightning.callbacks.LearningRateMonitor",
    "datamodule.augmentation={_target_:askwell.batches.augmentation.AffineElastic,elastic:1}",
]
FOREIGN = [
    *("+x._target_=os.system", "+x={a:{_target_:builtins.eval}}", "+x=[{'_target_':os.system}]"),
    *(
        "x._target_=os.system,torch.nn.ReLU",
        "+x._target_=${name}",
        "+x=${oc.decode:'{_target_: os.system}'}",
    ),
    *(
        "hydra.callbacks.x._target_=os.system",
        "hydra.searchpath=[file:///x]",
        "hydra.job.env_set.LD_PRELOAD=/x.so",
    ),
    *(
        "hydra.launcher.setup=[evil]",
        "hydra.job_logging.handlers.file.class=evil.X",
        "hydra.sweeper._target_=evil",
    ),
    *("hydra/launcher=../../x", "hydra/callbacks=x", "hydra/env=x", "hydra.sweep.subdir=../../x"),
    *("experiment=../../evil", "strategy=/abs/x", "dataset@x.y=z", "+experiment/../../x=y"),
    *(
        "dataset.repository=--upload-pack=x",
        "datamodule.dataset={repository: x}",
        "not an override",
        "seed=range(a)",
    ),
    "hydra.sweeper.params.x._target_='os.system'",
]


@pytest.mark.parametrize("word", HARMLESS)
def test_choices_and_parts_of_known_libraries_are_harmless(word):
    assert is_harmless(word)


@pytest.mark.parametrize("word", FOREIGN)
def test_what_could_run_something_else_is_not(word):
    assert not is_harmless(word)


def test_what_is_foreign_is_listed_once_and_in_order():
    assert foreign(
        ["+b._target_=os.system", "seed=0", "+a._target_=os.system", "+b._target_=os.system"]
    ) == [
        "+b._target_=os.system",
        "+a._target_=os.system",
    ]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "askwell.strategy.RandomSampling",
            "askwell.acquisition.entropy",
            "askwell.batches.ActiveDataModule",
        ),
        *(
            "askwell.model.resnet.small_image_resnet18",
            "pytorch_lightning.Trainer",
            "torch.nn.ReLU",
        ),
        *(
            "torch.optim.lr_scheduler.StepLR",
            "torchvision.models.resnet18",
            "askwell.logger.wandb.WandbLogger",
        ),
    ],
)
def test_constructors_of_known_libraries_are_known(name):
    assert is_known_target(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "os.system",
            "torch.load",
            "torch.hub.load",
            "torch.utils.cpp_extension.load",
            "hydra.utils.call",
        ),
        *(
            "askwell.command.resume.resume",
            "askwell.command.cli.main",
            "askwell.download.git.git",
            "askwell.files.write_whole",
        ),
        *(
            "torch.optim.optimizer.functools.partial",
            "torch.nn.init.torch.load",
            "askwell.model.classifier.torch.load",
        ),
        *(
            "torchvision.models._utils.load_state_dict_from_url",
            "torch.nn.modules.module.Module.apply",
        ),
        *(
            "askwell.dataset.torchvision.urllib.request.urlopen",
            "torch",
            "torch.nn",
            "torch.nothing",
            "",
            ".",
        ),
    ],
)
def test_functions_that_load_or_call_and_names_that_lead_elsewhere_are_not(name):
    assert not is_known_target(name)
