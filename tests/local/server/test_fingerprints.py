"""The mends of the runtime, of events and of the recorder stand on the moto code they were written for."""

from __future__ import annotations

import pytest

from local.cloud import MENDED
from local.mends.patching import Mend, fingerprint

MENDS = [mend for module in MENDED for mend in module.MENDS.all]


@pytest.mark.parametrize("mend", MENDS, ids=lambda mend: mend.target)
def test_moto_is_as_it_was(mend: Mend):
    found = fingerprint(mend.target)
    assert found == mend.fingerprint, f"moto changed {mend.target}; compare, then pin {found}"
    assert len(mend.why) > 20


def test_nothing_is_mended_twice():
    from local.mends import all_mends

    targets = [mend.target for mend in [*MENDS, *all_mends()]]
    assert sorted(targets) == sorted(set(targets))
