"""A theory as an array program, printed for NumPy, JAX, PyTorch and Numba; training, and checks of gradients."""

from numeric.batch import NotLowerable, batched
from numeric.compiled import Compiled, compile  # noqa: A004
from numeric.lower import lower
from numeric.program import Program
from numeric.targets import TARGETS, write

__all__ = ["TARGETS", "Compiled", "NotLowerable", "Program", "batched", "compile", "lower", "write"]
