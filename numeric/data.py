r"""Examples to learn from. Inputs and targets hold one example in each column.

>>> xor().inputs
array([[0., 0., 1., 1.],
       [0., 1., 0., 1.]])
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Examples:
    """Named data: `inputs` is n x m, `targets` k x m, for m examples."""

    name: str
    inputs: np.ndarray[Any, np.dtype[np.float64]]
    targets: np.ndarray[Any, np.dtype[np.float64]]

    @property
    def count(self) -> int:
        return int(self.inputs.shape[1])

    @property
    def digest(self) -> str:
        """The same for the same values."""
        found = sha256(repr((self.inputs.shape, self.targets.shape)).encode())
        found.update(np.ascontiguousarray(self.inputs).tobytes())
        found.update(np.ascontiguousarray(self.targets).tobytes())
        return found.hexdigest()[:8]


def xor() -> Examples:
    """The four rows of exclusive or."""
    inputs = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
    return Examples("xor", inputs, np.array([[0.0, 1.0, 1.0, 0.0]]))


def circles(count: int = 200, noise: float = 0.08, seed: int = 0) -> Examples:
    """Two rings, one inside the other; the target is 1 for the inner one."""
    rng = np.random.default_rng(seed)
    inner = np.arange(count) % 2 == 0
    angles = rng.uniform(0, 2 * np.pi, count)
    radii = np.where(inner, 0.5, 1.0) + noise * rng.standard_normal(count)
    return Examples("circles", np.stack([radii * np.cos(angles), radii * np.sin(angles)]), inner[None, :] * 1.0)


def moons(count: int = 200, noise: float = 0.1, seed: int = 0) -> Examples:
    """Two half circles that reach into each other; the target is 1 for the upper one."""
    rng = np.random.default_rng(seed)
    upper = np.arange(count) % 2 == 0
    angles = rng.uniform(0, np.pi, count)
    points = np.stack(
        [np.where(upper, np.cos(angles), 1 - np.cos(angles)), np.where(upper, np.sin(angles), 0.5 - np.sin(angles))]
    )
    return Examples("moons", points + noise * rng.standard_normal((2, count)), upper[None, :] * 1.0)


def one_hot(data: Examples, classes: int) -> Examples:
    """The same examples with a row of targets for each class, where the only target counts classes from 0; else as they are.

    >>> one_hot(Examples("two", np.zeros((1, 3)), np.array([[0.0, 2.0, 1.0]])), 3).targets
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """
    targets = data.targets
    if classes < 2 or len(targets) != 1 or not np.isin(targets, np.arange(classes)).all():
        return data
    return Examples(data.name, data.inputs, np.eye(classes)[:, targets[0].astype(int)])


BUILT_IN: dict[str, Callable[[], Examples]] = {"xor": xor, "circles": circles, "moons": moons}
"""Data by name."""
