"""How one environment gets a release: the strategies by name, and their settings."""

from typing import Annotated

from tidegate.contracts.fields import Tagged
from tidegate.contracts.manifest.strategies.blue_green import BlueGreen
from tidegate.contracts.manifest.strategies.canary import Canary
from tidegate.contracts.manifest.strategies.rolling import Rolling

__all__ = ["BlueGreen", "Canary", "Rolling", "Strategy"]

Strategy = Annotated[
    Rolling | Canary | BlueGreen,
    Tagged("name", {"rolling": Rolling, "canary": Canary, "blue_green": BlueGreen}),
]
"""The strategies by name: a new one joins here, as `Rolling | …` and with its name."""
