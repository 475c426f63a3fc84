"""What a theory can be written as: one row for each kind of module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from derive.algebra.names import Size
from numeric import dialects
from numeric.program import Program
from numeric.write_arrays import Library, write_arrays
from numeric.write_fused import write_fused

_NUMPY = Library(
    dialects.NUMPY,
    "Arrays are computed in the type that they are given in, float32 or float64.",
    'dtype="float64"',
    ("rng = np.random.default_rng(seed)",),
    "rng.standard_normal({0}, dtype=dtype)",
)

_STACKED = Library(
    dialects.STACKED,
    "Parameters have one more axis in front, which counts networks.",
    _NUMPY.init_options,
    _NUMPY.init,
    _NUMPY.draw,
)

_JAX = Library(
    dialects.JAX,
    "The gradients are derived, not traced: nothing here calls jax.grad.",
    "dtype=float",
    ("keys = jax.random.split(jax.random.key(seed), {0})",),
    "jax.random.normal(keys[{1}], {0}, dtype)",
    decorator="@jax.jit",
    in_place=False,
)

_TORCH = Library(
    dialects.TORCH,
    "The gradients are derived, not recorded: nothing here calls backward().",
    "dtype=torch.float32, device=None",
    ('generator = torch.Generator(device or "cpu").manual_seed(seed)',),
    "torch.randn({0}, generator=generator, dtype=dtype, device=device)",
    decorator="@torch.no_grad()",
)


def _arrays(library: Library) -> Callable[[Program, Mapping[Size, int]], str]:
    return lambda program, sizes: write_arrays(program, replace(library, sizes=sizes))


@dataclass(frozen=True)
class Target:
    """One kind of module: what it is for, what it imports (and which extra of this project installs it, if any), and how
    it is written."""

    name: str
    says: str
    needs: str
    write: Callable[[Program, Mapping[Size, int]], str]


TARGETS: Mapping[str, Target] = {
    row.name: row
    for row in (
        Target("numpy", "NumPy", "numpy", _arrays(_NUMPY)),
        Target("jax", "JAX, compiled, on any device", "jax", _arrays(_JAX)),
        Target("torch", "PyTorch, on any device", "torch", _arrays(_TORCH)),
        Target(
            "numba", "a fused kernel for small sizes, compiled by Numba", "numba",
            lambda program, sizes: write_fused(program, _NUMPY, sizes),
        ),
    )
}  # fmt: skip
"""The kinds of module by name."""


def write(program: Program, target: str = "numpy", sizes: Mapping[Size, int] | None = None) -> str:
    """The source of a module with `init`, `forward`, `loss`, `gradients` and `step`.

    Args:
        program: what `numeric.lower` gives.
        target: a key of `TARGETS`.
        sizes: numbers for sizes that are symbols; `init` then does not ask for them. Only the fused kernel needs them, for all
            sizes of parameters.

    Raises:
        NotLowerable: the fused kernel cannot be written for this program, or a size is missing.
    """
    return TARGETS[target].write(program, sizes or {})


def write_stacked(program: Program) -> str:
    """The NumPy module for stacks of networks, with one more axis in front of every parameter."""
    return write_arrays(program, _STACKED)


def write_traceable(program: Program, target: str) -> str:
    """The module in a form that the library can differentiate by itself: nothing is written over, nothing kept from it."""
    library = {"jax": _JAX, "torch": _TORCH}[target]
    return write_arrays(program, replace(library, decorator="", dialect=replace(library.dialect, in_place=False)))
