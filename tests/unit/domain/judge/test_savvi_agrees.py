"""An independent implementation of the sequential multinomial test agrees with the benchmark's."""

import importlib
import importlib.util
import math
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bench.judge_methods.peers import log_dirichlet_odds

UNDECLARED = ("cvxpy", "matplotlib", "matplotlib.pyplot")
"""savvi imports these without requiring them, for confidence sets and plots; its test needs neither."""


@pytest.fixture
def multinomial(monkeypatch: pytest.MonkeyPatch) -> Any:
    missing = [name for name in UNDECLARED if importlib.util.find_spec(name.partition(".")[0]) is None]
    for name in missing:
        monkeypatch.setitem(sys.modules, name, _without_use(name))
    return importlib.import_module("savvi.multinomial")


def _without_use(name: str) -> ModuleType:
    """A module that can only be named in annotations."""
    module = ModuleType(name)
    module.__dict__.update(Variable=object, Constraint=object)
    return module


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5])
def test_the_dirichlet_test_is_savvis(multinomial, share):
    # Given batches of errors on both arms
    batches = np.array([[1, 30], [4, 25], [0, 3], [9, 41]])
    theirs = multinomial.Multinomial(0.01, np.array([share, 1 - share]), k=100)

    # When both add one batch after another
    cumulated = np.cumsum(batches, axis=0).astype(float)
    ours = log_dirichlet_odds(cumulated[:, 0], cumulated[:, 1], share)

    # Then their log odds agree
    for batch, expected in zip(batches, ours, strict=True):
        theirs.update(batch)
        assert math.log(theirs.odds) == pytest.approx(expected, abs=1e-10)
