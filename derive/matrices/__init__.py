"""Between the index form and matrix notation: products found in sums, SymPy expressions out and in."""

from derive.matrices.face import definitions, derivative, derivative_array, find
from derive.matrices.plan import NoMatrixForm, plan
from derive.matrices.reading import NoIndexForm, from_sympy
from derive.matrices.tidy import tidy
from derive.matrices.writing import to_sympy

__all__ = [
    "NoIndexForm",
    "NoMatrixForm",
    "definitions",
    "derivative",
    "derivative_array",
    "find",
    "from_sympy",
    "plan",
    "tidy",
    "to_sympy",
]
