"""What `ports.Calibrations` promises."""

from tests.adapters.values import NOON, at
from tidegate.domain.calibration import StoredCalibration
from tidegate.ports import Ports

CALIBRATION = StoredCalibration(
    at=at(60),
    since=NOON,
    metrics={"errors": {"status": "calibrated", "slopes": [0.1, 1e-300, 2], "groups": 3, "warning": None}},
    dispersion={"errors": 1.0, "slow": 3.25},
    note="one group is missing",
)


def test_the_newest_calibration_is_kept(stores: Ports):
    # Given
    assert stores.calibrations.get("checkout", "prod") is None

    # When
    stores.calibrations.put("checkout", "prod", CALIBRATION)

    # Then
    assert stores.calibrations.get("checkout", "prod") == CALIBRATION
    assert stores.calibrations.get("checkout", "dev") is None


def test_one_that_comes_late_does_not_take_the_place_of_a_newer_one(stores: Ports):
    # Given
    newest = StoredCalibration(at=at(120), since=NOON)
    stores.calibrations.put("checkout", "prod", CALIBRATION)
    stores.calibrations.put("checkout", "prod", newest)

    # When
    stores.calibrations.put("checkout", "prod", CALIBRATION)

    # Then
    assert stores.calibrations.get("checkout", "prod") == newest


def test_the_same_one_again_changes_nothing(stores: Ports):
    stores.calibrations.put("checkout", "prod", CALIBRATION)
    stores.calibrations.put("checkout", "prod", CALIBRATION)

    assert stores.calibrations.get("checkout", "prod") == CALIBRATION
