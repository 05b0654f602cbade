"""Putting a world in and taking it out."""

from __future__ import annotations

import pytest
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.responses import ELBV2Response

import local.world as simulated
from local.world import WorldSettings
from local.world.clock import ManualClock


def test_taking_the_world_out_leaves_moto_as_it_was():
    # Given
    simulated.uninstall()
    before = (dict(vars(EC2ContainerServiceResponse)), dict(vars(ELBV2Response)))

    # When
    simulated.install(WorldSettings.kind(), publish=lambda *_, **__: None, clock=ManualClock())
    within = vars(EC2ContainerServiceResponse)["create_service"]
    simulated.uninstall()

    # Then
    assert within is not before[0]["create_service"]
    assert (dict(vars(EC2ContainerServiceResponse)), dict(vars(ELBV2Response))) == before
    with pytest.raises(RuntimeError):
        simulated.present()


def test_a_world_takes_over_the_settings_of_the_local_cloud():
    # Given
    class Settings:
        port = 4999
        time_scale = 30.0
        account = "123456789012"

    # When
    installation = simulated.install(Settings(), publish=lambda *_, **__: None, clock=ManualClock())

    # Then
    chosen = installation.world.settings
    assert (chosen.port, chosen.time_scale, chosen.stale_seconds) == (4999, 30.0, 0.3)
