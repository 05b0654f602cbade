"""Every mend was written against one version of moto's code; this names those to look at after an upgrade."""

from __future__ import annotations

import moto
import pytest

from local.mends import all_mends
from local.mends.patching import Mend, fingerprint


@pytest.mark.parametrize(
    "mend", all_mends(), ids=lambda mend: mend.target.partition(".parser.")[2] or mend.target
)
def test_the_code_that_a_mend_replaces_is_the_code_it_was_written_for(mend: Mend):
    # Given moto as it is installed
    # When the function that the mend replaces is looked at
    found = fingerprint(mend.target)

    # Then it is word for word the one that the mend was written for
    assert found == mend.fingerprint, f"moto changed {mend.target}; compare, then pin {found}"


@pytest.mark.parametrize(
    "mend", all_mends(), ids=lambda mend: mend.target.partition(".parser.")[2] or mend.target
)
def test_every_mend_says_why_it_is_there(mend: Mend):
    assert len(mend.why) > 20


def test_moto_is_the_version_that_the_mends_are_for():
    assert moto.__version__ == "5.2.5"
