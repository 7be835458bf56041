"""The examples in docstrings are true."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import askwell

SOURCE = Path(askwell.__file__).parent
MODULES = sorted(
    ".".join(("askwell", *file.relative_to(SOURCE).with_suffix("").parts))
    for file in SOURCE.rglob("*.py")
    if ">>> " in file.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_give_what_they_show(module, request):
    ended = doctest.testmod(
        import_module(module), extraglobs={"getfixture": request.getfixturevalue}
    )
    assert (ended.failed, ended.attempted > 0) == (0, True)
