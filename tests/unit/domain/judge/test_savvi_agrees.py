"""An independent implementation of the sequential multinomial test agrees with the benchmark's."""

import math

import numpy as np
import pytest

from bench.judge_methods.peers import log_dirichlet_odds

multinomial = pytest.importorskip("savvi.multinomial", reason="savvi is in the dev group")


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5])
def test_the_dirichlet_test_is_savvis(share):
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
