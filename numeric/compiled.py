r"""A theory as functions that run, by way of the source that anyone can read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.abc import InspectLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType
from typing import TYPE_CHECKING, Any

from derive.algebra.names import Name, Size, size
from derive.theory import Theory
from numeric.batch import NotLowerable, batched, shapes
from numeric.identifiers import size_identifier
from numeric.lower import lower
from numeric.program import Program
from numeric.targets import write, write_stacked

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    Parameters = dict[str, Array]


@dataclass(frozen=True)
class Compiled:
    """A network that runs. `source` is the module whose functions these are.

    Arrays are matrices, laid out as `program` says; parameters are a dictionary by identifier.
    """

    theory: Theory
    program: Program
    source: str

    @cached_property
    def module(self) -> ModuleType:
        return load(self.source)

    def emit(self, target: str = "numpy", sizes: Mapping[str, int] | None = None) -> str:
        """The source of a module for a library, one of `numeric.TARGETS`.

        `sizes` gives numbers for sizes that are symbols, by name, which `init` then does not ask for; only the fused kernel
        needs them, for all of them.

        >>> from derive.network import network
        >>> "import jax" in compile(network()).emit("jax")
        True

        Raises:
            NotLowerable: the fused kernel cannot be written for this network, or a size is missing, or unknown.
        """
        if target == "numpy" and not sizes:
            return self.source
        variables = (*self.program.parameters, *self.program.inputs, *self.program.targets)
        lengths = {n for v in variables for n in v.shape if n is not None and not n.value} - {self.program.batch}
        known = {size_identifier(length.name): length for length in lengths if length is not None}
        strange = [name for name in sizes or {} if name not in known]
        if strange:
            there = f"there is {', '.join(sorted(known))}" if known else "all of its sizes are numbers"
            raise NotLowerable(f"the network has no size {strange[0]}: {there}")
        return write(self.program, target, {known[name]: count for name, count in (sizes or {}).items()})

    @cached_property
    def stacked(self) -> ModuleType:
        """The same network for stacks of parameters: one more axis in front of every array."""
        return load(write_stacked(self.program))

    def fused(self, sizes: Mapping[str, int]) -> ModuleType:
        """The fused kernel for these sizes, as a module that runs; see `emit`."""
        return load(self.emit("numba", sizes))

    def init(self, seed: int = 0, **sizes: int) -> Parameters:
        """Standard normal parameters; sizes that are symbols are given by name."""
        return self.module.init(seed, **sizes)  # type: ignore[no-any-return]

    def forward(self, parameters: Parameters, *inputs: Array) -> Mapping[str, Array]:
        """Every value of the forward pass, by identifier."""
        return self.module.forward(parameters, *inputs)  # type: ignore[no-any-return]

    def predict(self, parameters: Parameters, *inputs: Array) -> Array:
        """What is compared with the targets."""
        return self.forward(parameters, *inputs)[self.program.prediction.identifier]

    def loss(self, parameters: Parameters, *data: Array) -> float:
        """The loss at inputs and targets."""
        return self.module.loss(parameters, *data)  # type: ignore[no-any-return]

    def gradients(self, parameters: Parameters, *data: Array) -> Parameters:
        """The derivative of the loss by every parameter."""
        return self.module.gradients(parameters, *data)  # type: ignore[no-any-return]

    def step(self, parameters: Parameters, *data_and_rate: Any) -> None:
        """One step of descent, in place; the rate comes after inputs and targets."""
        self.module.step(parameters, *data_and_rate)


def compile(  # noqa: A001  (numeric.compile is what it is called)
    theory: Theory, *, batch: bool = True, distributions: Iterable[Name] = ()
) -> Compiled:
    """A theory as running code.

    Args:
        theory: one with a loss.
        batch: whether a theory of a single example becomes one of many, its loss summed over them.
        distributions: targets that sum to one for each example (see `numeric.lower`).

    >>> from derive.network import network
    >>> xor = compile(network())
    >>> sorted(xor.init(seed=1))
    ['W1', 'W2', 'b1', 'b2']

    Raises:
        NotLowerable: the theory cannot become an array program.
    """
    if batch and theory.batch is None:
        theory = batched(theory, _free_size(theory))
    program = lower(theory, distributions=distributions)
    return Compiled(theory, program, write(program))


def _free_size(theory: Theory) -> Size:
    """A size for the examples that the theory does not use."""
    taken = {length.name for shape in shapes(theory).values() for length in shape}
    return size(next(name for name in ("m", "N", "examples", "number_of_examples") if name not in taken))


class _SourceLoader(InspectLoader):
    """Imports a module from its source in memory, so that tracebacks show its lines."""

    def __init__(self, source: str) -> None:
        self.source = source

    def get_source(self, fullname: str) -> str:
        return self.source


def load(source: str) -> ModuleType:
    """A module from source that `write` has written: nothing of a document stands in it but mangled
    identifiers.
    """
    spec = spec_from_loader("gradproof_network", _SourceLoader(source))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
