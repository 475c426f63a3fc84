"""How each array library spells the operations of a program: one row for each library.

In the templates `{0}` is the operand; `{out}` is empty, or names the array that the result is written into, where the
library can do that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

SQUARE, ROOT, INVERSE = Fraction(2), Fraction(1, 2), Fraction(-1)


@dataclass(frozen=True)
class Dialect:
    """One library.

    `functions` are functions of one number, at every entry; `helpers` the source of those that the library lacks, by
    name; `powers` those powers that have a function of their own. `reduce` goes along an axis (`{1}`), which keeps length
    one; `total` adds up everything. `matmul` is "dot" where products are methods, else "@". `in_place` says that arrays
    can be written over. `step` is one where a number is positive and else zero, in that number's type,
    `full` an array of one number in the type of another array (`{3}`), `copy` what makes an array of its own of a name.
    `first_axis` is where rows are counted: -2 where more axes stand in front.
    """

    name: str
    imports: tuple[str, ...]
    functions: Mapping[str, str]
    powers: Mapping[Fraction, str]
    negative: str
    reduce: Mapping[str, str]
    total: str
    transpose: str
    diagonal: str
    identity: str
    spread: str
    full: str
    einsum: str
    matmul: str
    pi: str
    helpers: Mapping[str, str]
    in_place: bool
    step: str
    copy: str = ""
    first_axis: int = 0


_NUMPY_SIGMOID = '''def sigmoid(x, out=None):
    """The logistic sigmoid 1 / (1 + exp(-x)), entry by entry."""
    out = np.negative(x, out)
    np.exp(out, out)
    out += 1.0
    return np.reciprocal(out, out)
'''

_NUMPY_ERF = '''def erf(x):
    """The error function, entry by entry."""
    return np.vectorize(math.erf, otypes=[x.dtype])(x)
'''

_NUMPY_LOG_SUM = '''def log_sum(x, axis):
    """How far log(sum(exp(x))) along an axis lies above the largest entry, to full precision also where it is near 0."""
    first = np.argmax(x, axis=axis, keepdims=True)
    e = np.exp(x - np.take_along_axis(x, first, axis))
    np.put_along_axis(e, first, 0.0, axis)
    return np.log1p(np.sum(e, axis=axis, keepdims=True))
'''

_JAX_LOG_SUM = '''def log_sum(x, axis):
    """How far log(sum(exp(x))) along an axis lies above the largest entry, to full precision also where it is near 0."""
    first = jnp.argmax(x, axis=axis, keepdims=True)
    others = jax.lax.broadcasted_iota(first.dtype, x.shape, axis % x.ndim) != first
    e = jnp.exp(x - jnp.max(x, axis=axis, keepdims=True))
    return jnp.log1p(jnp.sum(others * e, axis=axis, keepdims=True))
'''

_TORCH_LOG_SUM = '''def log_sum(x, dim):
    """How far log(sum(exp(x))) along an axis lies above the largest entry, to full precision also where it is near 0."""
    largest, first = torch.max(x, dim=dim, keepdim=True)
    e = torch.exp(x - largest).scatter(dim, first, 0.0)
    return torch.log1p(torch.sum(e, dim=dim, keepdim=True))
'''

_TORCH_SOFTPLUS = '''def softplus(x):
    """log(1 + exp(x)), entry by entry; exp cannot overflow."""
    return torch.logaddexp(x, torch.zeros_like(x))
'''

_TORCH_POSITIVE = '''def positive(x):
    """One where an entry is positive, else zero, in the entries' type."""
    return (x > 0.0).to(x.dtype)
'''

NUMPY = Dialect(
    name="numpy",
    imports=("import numpy as np",),
    functions={
        "exp": "np.exp({0}{out})", "log": "np.log({0}{out})", "sin": "np.sin({0}{out})", "cos": "np.cos({0}{out})",
        "tanh": "np.tanh({0}{out})", "sigmoid": "sigmoid({0}{out})", "softplus": "np.logaddexp(0.0, {0}{out})",
        "relu": "np.maximum({0}, 0.0{out})", "erf": "erf({0})",
    },
    powers={SQUARE: "np.square({0}{out})", ROOT: "np.sqrt({0}{out})", INVERSE: "np.reciprocal({0}{out})"},
    negative="np.negative({0}{out})",
    reduce={
        "add": "np.add.reduce({0}, axis={1}, keepdims=True)", "max": "np.maximum.reduce({0}, axis={1}, keepdims=True)",
        "log_sum": "log_sum({0}, axis={1})",
    },
    total="np.sum({0})",
    transpose="{0}.T",
    diagonal="np.diagonal({0})[:, np.newaxis]",
    identity="np.eye({0}, dtype={1}.dtype)",
    spread="np.broadcast_to({0}, ({1}, {2})).copy()",
    full="np.full(({1}, {2}), {0}, dtype={3}.dtype)",
    einsum='np.einsum("{0}", {1})',
    matmul="dot",  # for two matrices dot is matmul, and it takes half the time where they are small
    pi="np.pi",
    helpers={"sigmoid": _NUMPY_SIGMOID, "erf": _NUMPY_ERF, "log_sum": _NUMPY_LOG_SUM},
    in_place=True,
    step="np.heaviside({0}, 0.0)",
    copy=".copy()",
)  # fmt: skip

STACKED = Dialect(
    name="numpy",
    imports=NUMPY.imports,
    functions=NUMPY.functions,
    powers=NUMPY.powers,
    negative=NUMPY.negative,
    reduce=NUMPY.reduce,
    total="np.sum({0}, axis=(-2, -1), keepdims=True)",
    transpose="np.swapaxes({0}, -1, -2)",
    diagonal="np.diagonal({0}, axis1=-2, axis2=-1)[..., np.newaxis]",
    identity=NUMPY.identity,
    spread="{0} + np.zeros(({1}, {2}))",
    full=NUMPY.full,
    einsum=NUMPY.einsum,
    matmul="@",
    pi=NUMPY.pi,
    helpers=NUMPY.helpers,
    in_place=False,
    step=NUMPY.step,
    copy=NUMPY.copy,
    first_axis=-2,
)
"""NumPy for stacks of networks, with one more axis in front of every array."""

JAX = Dialect(
    name="jax",
    imports=("import jax", "import jax.numpy as jnp"),
    functions={
        "exp": "jnp.exp({0})", "log": "jnp.log({0})", "sin": "jnp.sin({0})", "cos": "jnp.cos({0})",
        "tanh": "jnp.tanh({0})", "sigmoid": "jax.nn.sigmoid({0})", "softplus": "jnp.logaddexp({0}, 0.0)",
        "relu": "jnp.maximum({0}, 0.0)", "erf": "jax.scipy.special.erf({0})",
    },
    powers={SQUARE: "jnp.square({0})", ROOT: "jnp.sqrt({0})"},
    negative="-{0}",
    reduce={
        "add": "jnp.sum({0}, axis={1}, keepdims=True)", "max": "jnp.max({0}, axis={1}, keepdims=True)",
        "log_sum": "log_sum({0}, axis={1})",
    },
    total="jnp.sum({0})",
    transpose="{0}.T",
    diagonal="jnp.diagonal({0})[:, jnp.newaxis]",
    identity="jnp.eye({0}, dtype={1}.dtype)",
    spread="jnp.broadcast_to({0}, ({1}, {2}))",
    full="jnp.full(({1}, {2}), {0}, dtype={3}.dtype)",
    einsum='jnp.einsum("{0}", {1})',
    matmul="@",
    pi="jnp.pi",
    helpers={"log_sum": _JAX_LOG_SUM},
    in_place=False,
    step="jnp.heaviside({0}, 0.0)",
)  # fmt: skip

TORCH = Dialect(
    name="torch",
    imports=("import torch",),
    functions={
        "exp": "torch.exp({0}{out})", "log": "torch.log({0}{out})", "sin": "torch.sin({0}{out})",
        "cos": "torch.cos({0}{out})", "tanh": "torch.tanh({0}{out})", "sigmoid": "torch.sigmoid({0}{out})",
        # not torch.nn.functional.softplus, which is the identity from 20 on, and so wrong in the tenth digit there
        "softplus": "softplus({0})", "relu": "torch.clamp({0}, min=0.0{out})", "erf": "torch.erf({0}{out})",
    },
    powers={SQUARE: "torch.square({0}{out})", ROOT: "torch.sqrt({0}{out})", INVERSE: "torch.reciprocal({0}{out})"},
    negative="torch.neg({0}{out})",
    reduce={
        "add": "torch.sum({0}, dim={1}, keepdim=True)", "max": "torch.amax({0}, dim={1}, keepdim=True)",
        "log_sum": "log_sum({0}, dim={1})",
    },
    total="torch.sum({0})",
    transpose="{0}.T",
    diagonal="torch.diagonal({0})[:, None]",
    identity="torch.eye({0}, dtype={1}.dtype, device={1}.device)",
    spread="torch.broadcast_to({0}, ({1}, {2})).clone()",
    full="torch.full(({1}, {2}), {0}, dtype={3}.dtype, device={3}.device)",
    einsum='torch.einsum("{0}", {1})',
    matmul="@",
    pi="torch.pi",
    helpers={"softplus": _TORCH_SOFTPLUS, "log_sum": _TORCH_LOG_SUM, "positive": _TORCH_POSITIVE},
    in_place=True,
    step="positive({0})",
    copy=".clone()",
)  # fmt: skip
