"""Where a training run stands, in a file that it can be gone on with.

The file is NumPy's npz: `parameter/W1`, `slot/m/W1`, `best/W1`, and a text `about` with everything else as JSON. Nothing in
it is ever run or unpickled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from numeric.compiled import Compiled
from numeric.feed import shape
from numeric.files import UNREADABLE
from numeric.optimizers import OPTIMIZERS

Arrays = dict[str, np.ndarray[Any, np.dtype[Any]]]


class Unresumable(Exception):
    """A file that a run cannot go on from, with what does not fit."""


@dataclass(frozen=True)
class Recipe:
    """What has to stay the same for a run to go on as if it had never stopped; `constants` is None in files that do not say."""

    data: str
    seed: int
    optimizer: str
    batch_size: int | None
    held_out: float
    dtype: str
    constants: dict[str, float] | None = None


@dataclass(frozen=True)
class Checkpoint:
    """A run after `done` epochs and `steps` steps.

    `epochs`, `history` and `held_out` are what was seen so far (`held_out` is empty where nothing is held out). `best` are
    the parameters at the lowest loss that was watched, `lowest`, in epoch `lowest_at`.
    """

    network: str
    recipe: Recipe
    done: int
    steps: int
    parameters: Arrays
    slots: Mapping[str, Arrays]
    epochs: tuple[int, ...] = ()
    history: tuple[float, ...] = ()
    held_out: tuple[float, ...] = ()
    best: Arrays = field(default_factory=dict)
    lowest: float | None = None
    lowest_at: int = 0


def fingerprint(compiled: Compiled) -> str:
    """The same for the same network."""
    return sha256(compiled.source.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class _About:
    """What is in the file beside arrays. `version` changes when the meaning of anything does."""

    version: int
    network: str
    recipe: Recipe
    done: int
    steps: int
    epochs: tuple[int, ...]
    history: tuple[float, ...]
    held_out: tuple[float, ...]
    lowest: float | None
    lowest_at: int


_VERSION = 1


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write the file at once or not at all: an interruption leaves the one that was there."""
    arrays = {f"parameter/{name}": value for name, value in checkpoint.parameters.items()}
    arrays |= {f"slot/{slot}/{name}": value for slot, own in checkpoint.slots.items() for name, value in own.items()}
    arrays |= {f"best/{name}": value for name, value in checkpoint.best.items()}
    kept = {name: value for name, value in asdict(checkpoint).items() if name in _About.__dataclass_fields__}
    about = _About(**kept | {"version": _VERSION, "recipe": checkpoint.recipe})
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as file:
            np.savez(file, about=np.array(msgspec.json.encode(about).decode()), **arrays)  # type: ignore[arg-type]
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def load_checkpoint(path: Path, compiled: Compiled, recipe: Recipe, sizes: Mapping[str, int]) -> Checkpoint:
    """The run that a file holds, of this network at these sizes.

    Raises:
        Unresumable: no such file, no file of ours, another network, or another recipe.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            about = msgspec.json.decode(str(archive["about"]), type=_About)
            arrays = {name: archive[name] for name in archive.files if name != "about"}
            if not all(isinstance(value, np.ndarray) for value in arrays.values()):
                raise ValueError("not every member is an array")
    except OSError as error:
        raise Unresumable(f"{path}: {error.strerror or error}") from error
    except (*UNREADABLE, msgspec.MsgspecError) as error:
        raise Unresumable(f"{path}: not a file that --save has written") from error
    if about.version != _VERSION:
        raise Unresumable(f"{path}: written by another version, which saved runs in another way")
    _same_network(path, about, arrays, compiled, sizes)
    for name, value in asdict(recipe).items():
        before = getattr(about.recipe, name)
        if before != value and not (name == "constants" and before is None):
            then, now = map(_shown, (before, value))
            raise Unresumable(
                f"{path}: this run was begun with {_TITLES[name]} {then}, not {now}: it goes on with what it was "
                "begun with, or a new one begins without --resume"
            )
    _whole(path, about, arrays)
    slots: dict[str, Arrays] = {}
    for key, value in arrays.items():
        if key.startswith("slot/"):
            _, slot, name = key.split("/", 2)
            slots.setdefault(slot, {})[name] = value
    return Checkpoint(
        about.network, about.recipe, about.done, about.steps, _under("parameter/", arrays), slots,
        about.epochs, about.history, about.held_out, _under("best/", arrays), about.lowest, about.lowest_at,
    )  # fmt: skip


_TITLES = {
    "data": "the data", "seed": "--seed", "optimizer": "--optimizer", "batch_size": "--batch", "held_out": "--held-out",
    "dtype": "--dtype", "constants": "--constant",
}  # fmt: skip


def _shown(value: object) -> object:
    """A part of a recipe as it is given."""
    return (
        " ".join(f"{name}={number:g}" for name, number in value.items()) or "nothing"
        if isinstance(value, dict)
        else value
    )


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


def _whole(path: Path, about: _About, arrays: Arrays) -> None:
    """Every array that such a run has is there, of the shape and type of its parameter."""
    parameters = _under("parameter/", arrays)
    wanted = {f"parameter/{name}": value for name, value in parameters.items()}
    for slot in OPTIMIZERS[about.recipe.optimizer].slots:
        wanted |= {f"slot/{slot}/{name}": value for name, value in parameters.items()}
    if about.lowest is not None:
        wanted |= {f"best/{name}": value for name, value in parameters.items()}
    for key, like in wanted.items():
        found = arrays.get(key)
        if found is None or found.shape != like.shape or found.dtype != about.recipe.dtype:
            raise Unresumable(f"{path}: {key} is damaged or missing: not a file that --save has written")
    if arrays.keys() != wanted.keys():
        strange = min(arrays.keys() - wanted.keys())
        raise Unresumable(f"{path}: {strange} belongs to no such run: not a file that --save has written")


def _same_network(path: Path, about: _About, arrays: Arrays, compiled: Compiled, sizes: Mapping[str, int]) -> None:
    own = {variable.identifier: shape(variable, sizes) for variable in compiled.program.parameters}
    theirs = {name: value.shape for name, value in _under("parameter/", arrays).items()}
    if own.keys() != theirs.keys():
        raise Unresumable(
            f"{path}: another network's run: its parameters are {', '.join(theirs)}, and this one has {', '.join(own)}"
        )
    for name, wanted in own.items():
        if wanted != theirs[name]:
            there, here = (" x ".join(map(str, numbers)) for numbers in (theirs[name], wanted))
            raise Unresumable(
                f"{path}: another network's run, or one with other sizes: {name} is {there} there, and {here} here"
            )
    if about.network != fingerprint(compiled):
        raise Unresumable(
            f"{path}: another network's run: its parameters have the same names, but not the same formulas"
        )
