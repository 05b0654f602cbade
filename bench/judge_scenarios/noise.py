"""Kinds of noise that multiply an error rate, each with its parameters.

A noise object draws an array of factors of shape ``(runs, groups, minutes)``; groups are independent of one
another. Used with one group and broadcast, the same noise is common to all groups.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indexes = NDArray[np.int64]
Flags = NDArray[np.bool_]
Shape = tuple[int, int, int]


class Noise(Protocol):
    """Something that multiplies the error rate of a group."""

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Return factors of the given ``(runs, groups, minutes)`` shape."""


def _held(rng: np.random.Generator, shape: Shape, minutes: int, values: Array) -> Array:
    """Repeat each value for ``minutes`` minutes, every run and group with its own phase."""
    runs, groups, length = shape
    phase = rng.integers(0, minutes, (runs, groups, 1))
    index = (np.arange(length) + phase) // minutes
    return np.take_along_axis(values, index, axis=2)


def _geometric_holds(rng: np.random.Generator, shape: Shape, mean: float) -> NDArray[np.int64]:
    """Return indexes that grow by one with probability ``1/mean`` a minute: geometric holding times."""
    return np.cumsum(rng.random(shape) < 1.0 / mean, axis=2)


@dataclass(frozen=True)
class GammaMinutes:
    """A fresh gamma factor of mean one every minute; ``shape`` is its shape (5: sd 0.45, 2: sd 0.71)."""

    shape: float

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Draw one factor a minute."""
        return rng.gamma(self.shape, 1.0 / self.shape, shape)


@dataclass(frozen=True)
class Bursts:
    """Every minute, with ``probability``, the rate is multiplied by ``factor`` for that minute."""

    probability: float
    factor: float

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Draw the minutes that burst."""
        return np.where(rng.random(shape) < self.probability, self.factor, 1.0)


@dataclass(frozen=True)
class HeldLognormal:
    """A lognormal factor of mean one, held for a fixed number of minutes."""

    sigma: float
    minutes: int

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Draw a factor for each holding time."""
        runs, groups, length = shape
        values = rng.normal(0.0, self.sigma, (runs, groups, length // self.minutes + 2))
        return _held(rng, shape, self.minutes, np.exp(values - self.sigma**2 / 2))


@dataclass(frozen=True)
class HeldStudent:
    """A factor exp(``scale`` x Student t), held for geometric times of the given mean."""

    scale: float
    freedom: float
    mean_minutes: float

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Draw a factor for each holding time."""
        index = _geometric_holds(rng, shape, self.mean_minutes)
        values = self.scale * rng.standard_t(self.freedom, shape)
        return np.exp(np.take_along_axis(values, index % shape[2], axis=2))


@dataclass(frozen=True)
class HeldUniform:
    """A factor exp(uniform in +-``width``), held for geometric times of the given mean."""

    width: float
    mean_minutes: float

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Draw a factor for each holding time."""
        index = _geometric_holds(rng, shape, self.mean_minutes)
        values = rng.uniform(-self.width, self.width, shape)
        return np.exp(np.take_along_axis(values, index % shape[2], axis=2))


@dataclass(frozen=True)
class Autoregressive:
    """Log noise of stationary deviation ``sd`` whose correlation falls by ``rho`` a minute."""

    sd: float
    rho: float

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Draw a stationary path."""
        steps = rng.normal(0.0, self.sd, shape)
        fresh = np.sqrt(1.0 - self.rho**2)
        for minute in range(1, shape[2]):
            steps[:, :, minute] = self.rho * steps[:, :, minute - 1] + fresh * steps[:, :, minute]
        return np.exp(steps - self.sd**2 / 2)


@dataclass(frozen=True)
class Episodes:
    """Now and then the rate is multiplied for a while.

    Attributes:
        every_minutes: Mean time between two beginnings.
        factor: Multiplier while an episode lasts.
        minutes: Length of an episode, or its mean where ``geometric``.
        geometric: Whether lengths are geometric instead of fixed.
        decay: Halving time of the excess within an episode in minutes; 0 for none (fixed lengths only).
    """

    every_minutes: float
    factor: float
    minutes: int
    geometric: bool = False
    decay: float = 0.0

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Draw the episodes; those that begin before the first minute are included."""
        return self._geometric(rng, shape) if self.geometric else self._fixed(rng, shape)

    def _fixed(self, rng: np.random.Generator, shape: Shape) -> Array:
        runs, groups, length = shape
        begins = rng.random((runs, groups, length + self.minutes)) < 1.0 / self.every_minutes
        result = np.ones(shape)
        for age in range(self.minutes):
            left = 0.5 ** (age / self.decay) if self.decay else 1.0
            active = begins[:, :, self.minutes - age : self.minutes - age + length]
            result = np.maximum(result, np.where(active, 1.0 + (self.factor - 1.0) * left, 1.0))
        return result

    def _geometric(self, rng: np.random.Generator, shape: Shape) -> Array:
        active = rng.random(shape[:2]) < self.minutes / (self.minutes + self.every_minutes)
        begin, end = rng.random(shape) < 1.0 / self.every_minutes, rng.random(shape) < 1.0 / self.minutes
        result = np.ones(shape)
        for minute in range(shape[2]):
            active = np.where(active, ~end[:, :, minute], begin[:, :, minute])
            result[:, :, minute] = np.where(active, self.factor, 1.0)
        return result


@dataclass(frozen=True)
class NoisyHours:
    """Another noise that is present only in a share of the hours, or always where ``share`` is 1."""

    noise: Noise
    share: float

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Draw the other noise and blank it in the quiet hours."""
        runs, _, length = shape
        noisy = rng.random((runs, 1, length // 60 + 2)) < self.share
        phase = rng.integers(0, 60, (runs, 1, 1))
        index = np.broadcast_to((np.arange(length) + phase) // 60, (runs, 1, length))
        return np.where(np.take_along_axis(noisy, index, axis=2), self.noise.draw(rng, shape), 1.0)
