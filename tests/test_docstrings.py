"""The examples in docstrings give what they say. A new example is tested unasked."""

import doctest
from importlib import import_module

import pytest
from conftest import ROOT

SOURCE = ROOT / "src"
WITH_EXAMPLES = sorted(
    ".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for file in SOURCE.rglob("*.py")
    if ">>> " in file.read_text()
)


def test_there_are_examples():
    assert {"askwell.acquisition", "askwell.pool", "askwell.text"} <= set(WITH_EXAMPLES)


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_the_examples_of_a_module_are_true(module):
    failed, examples = doctest.testmod(import_module(module), optionflags=doctest.ELLIPSIS)
    assert examples > 0
    assert failed == 0
