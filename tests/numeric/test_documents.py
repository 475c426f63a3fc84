"""Theories as documents give them: other letters, scalars, rows, functions of their own, regularisers, odd
products.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import numeric
from benchmarks.gradient_cases import interpreted
from derive.algebra.arrays import (
    Array,
    apply,
    array,
    broadcast,
    diagonal,
    entrywise,
    hadamard,
    inner,
    matmul,
    ones,
    plus,
    scalar,
    scale,
    sum_entries,
    trace,
    transpose,
)
from derive.algebra.functions import KNOWN
from derive.algebra.names import Level, Name, Size, fresh, size
from derive.algebra.terms import (
    ONE,
    Arg,
    Entry,
    Extent,
    Fun,
    Partial,
    Positive,
    Total,
    add,
    mul,
    neg,
    num,
    power,
    rename,
    total,
    walk,
)
from derive.theory import Definition, FunctionDefinition, Role, Symbol, Theory
from numeric import program as p
from numeric.batch import NotLowerable, batched
from numeric.rewrite import recognised
from numeric.write_arrays import read_later


class Notes:
    """A document's theory, built line by line."""

    def __init__(self) -> None:
        self.symbols: dict[Name, Symbol] = {}
        self.definitions: dict[Name, Definition] = {}
        self.functions: dict[str, FunctionDefinition] = {}

    def given(self, base: str, role: Role, *shape: Size, row: bool = False, levels: tuple[Level, ...] = ()) -> Array:
        name = Name(base, levels)
        self.symbols[name] = Symbol(name, shape, role, row)
        return array(name, shape, row)

    def define(self, base: str, value: Array, levels: tuple[Level, ...] = ()) -> Array:
        name = Name(base, levels)
        self.definitions[name] = Definition(name, value, len(self.definitions) + 1)
        self.symbols[name] = Symbol(name, value.shape, "value", value.row)
        return array(name, value.shape, value.row)

    def theory(self, loss: str, batch: Size | None = None) -> Theory:
        return Theory(self.symbols, self.definitions, self.functions, Name(loss), batch, title="notes")


def minus(left: Array, right: Array) -> Array:
    return plus(left, entrywise(neg, right))


def half_squares(value: Array) -> Array:
    return scale(scalar(num(Fraction(1, 2))), sum_entries(entrywise(lambda term: power(term, 2), value)))


def check(own: numeric.Compiled, parameters: dict[str, Any], *data: Any) -> None:
    """The gradients against fourth-order differences along a random direction."""
    rng = np.random.default_rng(7)
    direction = {key: rng.standard_normal(value.shape) for key, value in parameters.items()}

    def along(t: float) -> float:
        return own.loss({key: value + t * direction[key] for key, value in parameters.items()}, *data)

    h = 1e-3
    slope = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h)
    found = own.gradients(parameters, *data)
    for key, value in parameters.items():
        assert found[key].shape == value.shape
    assert sum(float(np.sum(found[key] * direction[key])) for key in parameters) == pytest.approx(slope, rel=1e-7)


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape)


def test_a_single_neuron_of_scalars() -> None:
    notes = Notes()
    x, y = notes.given("x", "input"), notes.given("y", "target")
    w, b = notes.given("w", "parameter"), notes.given("b", "parameter")
    z = notes.define("z", plus(scale(w, x), b))
    notes.functions[r"\sigma"] = FunctionDefinition(r"\sigma", KNOWN["sigmoid"].definition, known="sigmoid")
    a = notes.define("a", apply(r"\sigma", z))
    notes.define("L", entrywise(lambda term: power(term, 2), minus(a, y)))
    own = numeric.compile(notes.theory("L"))
    assert own.program.inputs[0].shape[0] is None  # examples stand in columns
    check(own, own.init(3), normal(1, 5), normal(1, 5, seed=1))
    assert "dz = 2.0 * (a - y) * a * (1.0 - a)" in own.source


def test_accents_fonts_and_greek_letters() -> None:
    n, h = size("n"), size("h")
    notes = Notes()
    x, y = notes.given(r"\mathbf{x}", "input", n), notes.given(r"\mathbf{y}", "target", h)
    two = (Level("", 2),)
    W = notes.given(r"\mathbf{W}", "parameter", h, n, levels=two)
    b = notes.given(r"\theta", "parameter", h, levels=two)
    notes.given(r"\eta", "constant")
    out = notes.define(r"\hat{\mathbf{y}}", apply("tanh", plus(matmul(W, x), b)))
    notes.define(r"\mathcal{L}", half_squares(minus(out, y)))
    own = numeric.compile(notes.theory(r"\mathcal{L}"))
    assert set(own.init(0, n=3, h=2)) == {"W2", "theta2"}
    assert own.program.prediction.identifier == "y_hat"
    assert not own.program.constants  # a rate that the loss does not depend on is nobody's argument
    check(own, own.init(0, n=3, h=2), normal(3, 4), normal(2, 4, seed=1))


def test_linear_regression_in_rows() -> None:
    m, n, k = size("m"), size("n"), size("k")
    notes = Notes()
    X, Y = notes.given("X", "input", m, n), notes.given("Y", "target", m, k)
    W, b = notes.given("W", "parameter", n, k), notes.given("b", "parameter", k)
    bias = matmul(ones((m,)), transpose(b))
    out = notes.define(r"\hat{Y}", plus(matmul(X, W), bias))
    mean = scalar(mul(num(Fraction(1, 2)), power(Extent(m), -1)))
    notes.define("J", scale(mean, sum_entries(entrywise(lambda term: power(term, 2), minus(out, Y)))))
    own = numeric.compile(notes.theory("J", batch=m))
    check(own, own.init(0, n=3, k=2), normal(6, 3), normal(6, 2, seed=1))
    assert "X.T.dot(" in own.source
    assert "b = rng" not in own.source


def test_a_softmax_regression_without_pre_activations() -> None:
    n, k = size("n"), size("k")
    notes = Notes()
    x, y = notes.given("x", "input", n), notes.given("t", "target", k)
    W = notes.given("W", "parameter", k, n)
    scores = matmul(W, x)
    exponentials = apply("exp", scores)
    (j,) = exponentials.indices
    other = fresh(k)
    norm = Total(other, rename(exponentials.body, {j: other}))
    p = notes.define("p", Array((j,), mul(exponentials.body, power(norm, -1))))
    notes.define("L", entrywise(neg, inner(y, apply("log", p))))
    own = numeric.compile(notes.theory("L"), distributions=[Name("t")])
    check(own, own.init(0, n=3, k=4), normal(3, 5), np.eye(4)[:, [0, 1, 3, 2, 2]])
    assert "dW = (p - t).dot(x.T)\n" in own.source
    huge = {"W": 1e4 * own.init(0, n=3, k=4)["W"]}
    assert np.isfinite(own.loss(huge, normal(3, 5), np.eye(4)[:, [0, 1, 3, 2, 2]]))


def test_a_function_that_only_the_document_knows() -> None:
    n = size("n")
    notes = Notes()
    swish = mul(Arg(), power(add(ONE, Fun("exp", 0, neg(Arg()))), -1))
    notes.functions["g"] = FunctionDefinition("g", swish)
    x, y, W = notes.given("x", "input", n), notes.given("y", "target", n), notes.given("W", "parameter", n, n)
    a = notes.define("a", apply("g", matmul(W, x)))
    notes.define("E", half_squares(minus(a, y)))
    own = numeric.compile(notes.theory("E"))
    assert "def sigmoid(x, out=None)" in own.source  # recognised, so that it does not overflow
    check(own, own.init(1, n=3), normal(3, 4), normal(3, 4, seed=1))
    assert np.isfinite(own.loss({"W": 1e4 * np.eye(3)}, normal(3, 4), normal(3, 4, seed=1)))


def test_a_general_function_cannot_run() -> None:
    n = size("n")
    notes = Notes()
    notes.functions["g"] = FunctionDefinition("g", None)
    x, W = notes.given("x", "input", n), notes.given("W", "parameter", n, n)
    notes.define("E", half_squares(notes.define("a", apply("g", matmul(W, x)))))
    with pytest.raises(NotLowerable, match="nothing says what the function g is"):
        numeric.compile(notes.theory("E"))


def test_layer_families_cannot_run() -> None:
    n, here, below = size("n"), (Level("l", 0),), (Level("l", -1),)
    notes = Notes()
    W = notes.given("W", "parameter", n, n, levels=here)
    notes.define("a", apply("tanh", matmul(W, array(Name("a", below), (n,)))), levels=here)
    notes.define("L", sum_entries(array(Name("a", (Level("L", 0),)), (n,))))
    with pytest.raises(NotLowerable, match="layer"):
        numeric.compile(notes.theory("L"))


def test_a_theory_without_a_loss_cannot_run() -> None:
    with pytest.raises(NotLowerable, match="no loss"):
        numeric.compile(Theory({}, {}))


def test_a_regulariser_and_its_constant() -> None:
    n = size("n")
    notes = Notes()
    x, y, w = notes.given("x", "input", n), notes.given("y", "target"), notes.given("w", "parameter", n, row=True)
    factor = notes.given(r"\lambda", "constant")
    out = notes.define("a", matmul(w, x))
    penalty = scale(factor, inner(w, w))
    notes.define("L", plus(half_squares(minus(out, y)), penalty))
    own = numeric.compile(notes.theory("L"))
    assert [variable.identifier for variable in own.program.constants] == ["lambda_"]
    check(own, own.init(2, n=3), normal(3, 4), normal(1, 4, seed=1), 0.3)
    before = own.init(2, n=3)
    after = {key: value.copy() for key, value in before.items()}
    own.step(after, normal(3, 4), normal(1, 4, seed=1), 0.01, 0.3)
    slope = own.gradients(before, normal(3, 4), normal(1, 4, seed=1), 0.3)["w"]
    np.testing.assert_allclose(after["w"], before["w"] - 0.01 * slope)


def test_products_that_no_order_of_matrix_products_gives() -> None:
    n, m = size("n"), size("m")
    notes = Notes()
    X, A, B, C = (notes.given("X", "input", m, n), *(notes.given(c, "parameter", n, n) for c in "ABC"))
    i, j, k = fresh(n), fresh(n), fresh(n)
    body = total((k,), mul(A.at(i, k), B.at(j, k), C.at(k, k), C.at(i, j)))
    notes.define("P", Array((i, j), body))
    three = fresh(n)
    meeting = total((k, three), mul(A.at(i, k), B.at(j, k), C.at(three, k), C.at(three, j)))
    Q = notes.define("Q", Array((i, j), meeting))
    out = notes.define("a", apply("sin", matmul(X, plus(Q, array(Name("P"), (n, n))))))
    notes.define("L", half_squares(out))
    own = numeric.compile(notes.theory("L", batch=m))
    check(own, own.init(4, n=3), 0.3 * normal(5, 3))


def test_traces_diagonals_and_repeated_vectors() -> None:
    n, m = size("n"), size("m")
    notes = Notes()
    X, W, d = notes.given("X", "input", n, m), notes.given("W", "parameter", n, n), notes.given("d", "parameter", n)
    c = notes.given("c", "parameter")
    out = notes.define("a", plus(matmul(matmul(W, diagonal(d)), X), broadcast(d, (n, m), 0)))
    whole = hadamard(out, Array(out.indices, add(Extent(n), Fun("erf", 0, out.body))))
    again = notes.define("u", whole)
    notes.define("L", plus(plus(half_squares(again), scale(c, trace(W))), scale(c, trace(matmul(W, W)))))
    own = numeric.compile(notes.theory("L", batch=m))
    check(own, own.init(5, n=3), 0.4 * normal(3, 4))


def test_a_gradient_that_does_not_depend_on_the_entry_has_the_full_shape() -> None:
    n, m = size("n"), size("m")
    notes = Notes()
    X, b = notes.given("X", "input", n, m), notes.given("b", "parameter", n)
    out = notes.define("a", plus(X, broadcast(b, (n, m), 0)))
    notes.define("L", sum_entries(out))
    own = numeric.compile(notes.theory("L", batch=m))
    found = own.gradients(own.init(0, n=3), normal(3, 4))
    np.testing.assert_array_equal(found["b"], np.full((3, 1), 4.0))


def test_matrices_of_one_example_are_refused() -> None:
    n = size("n")
    notes = Notes()
    x, W = notes.given("x", "input", n), notes.given("W", "parameter", n, n)
    notes.define("S", matmul(matmul(W, x), transpose(x)))
    notes.define("L", trace(array(Name("S"), (n, n))))
    with pytest.raises(NotLowerable, match="no room"):
        batched(notes.theory("L"), size("m"))


def test_a_loss_that_no_example_enters_is_refused() -> None:
    n = size("n")
    notes = Notes()
    notes.given("x", "input", n)
    w = notes.given("w", "parameter", n)
    notes.define("L", half_squares(w))
    with pytest.raises(NotLowerable, match="does not depend on any input"):
        numeric.compile(notes.theory("L"))


def test_a_page_without_parameters_is_refused() -> None:
    notes = Notes()
    x, y = notes.given("x", "input"), notes.given("y", "target")
    a = notes.define("a", apply("tanh", x))
    notes.define("L", entrywise(lambda term: power(term, 2), minus(a, y)))
    with pytest.raises(NotLowerable, match="L depends on no parameter"):
        numeric.compile(notes.theory("L"))


def test_what_the_loss_does_not_need_is_left_out() -> None:
    """Notes define their backward quantities too; those are no part of the forward pass."""
    n = size("n")
    notes = Notes()
    x, y, W = notes.given("x", "input", n), notes.given("y", "target", n), notes.given("W", "parameter", n, n)
    out = notes.define("a", apply("tanh", matmul(W, x)))
    notes.define("L", half_squares(minus(out, y)))
    i = fresh(n)
    notes.define(r"\delta", Array((i,), Partial(Entry(Name("L")), Entry(Name("a"), (i,)))))
    own = numeric.compile(notes.theory("L"))
    assert "delta" not in own.source
    assert [line.target.identifier for line in own.program.forward] == ["a"]


def test_a_step_reads_no_parameter_that_has_changed() -> None:
    """A transpose with a name of its own is a view of its parameter, and is read after that parameter's gradient."""
    n, h = size("n"), size("h")
    notes = Notes()
    x, y = notes.given("x", "input", n), notes.given("y", "target", n)
    W, U, b = notes.given("W", "parameter", h, n), notes.given("U", "parameter", n, n), notes.given("b", "parameter", h)
    V = notes.define("V", transpose(W))
    hidden = notes.define("h", apply("tanh", plus(matmul(W, matmul(U, x)), b)))
    out = notes.define("r", matmul(V, hidden))
    notes.define("L", half_squares(minus(out, y)))
    own = numeric.compile(notes.theory("L"))
    start = own.init(0, n=3, h=3)
    data = normal(3, 4), normal(3, 4, seed=1)
    check(own, start, *data)
    slopes = own.gradients(start, *data)
    stepped = {name: value.copy() for name, value in start.items()}
    own.step(stepped, *data, 0.1)
    for name, slope in slopes.items():
        np.testing.assert_allclose(stepped[name], start[name] - 0.1 * slope, rtol=1e-12, atol=1e-14)


def centred() -> Theory:
    """A loss in which every example meets the mean of all: L = half the squares of tanh(w X) - mean(tanh(w X)) - y."""
    n, m = size("n"), size("m")
    notes = Notes()
    X, y = notes.given("X", "input", n, m), notes.given("y", "target", m, row=True)
    w = notes.given("w", "parameter", n, row=True)
    a = notes.define("a", apply("tanh", matmul(w, X)))
    c = notes.define("c", scale(scalar(power(Extent(m), -1)), sum_entries(a)))
    spread_out = Array(a.indices, c.body, row=True)
    out = notes.define("u", minus(minus(a, spread_out), y))
    notes.define("L", half_squares(out))
    return notes.theory("L", batch=m)


@pytest.mark.parametrize("examples", [3, 16, 50])
def test_a_kernel_that_goes_over_the_examples_more_than_once(examples: int) -> None:
    """The mean is a sum over examples that each of them needs again; with 50 they fill several blocks."""
    own = numeric.compile(centred())
    kernel = interpreted(own.emit("numba", {"n": 2}))
    parameters, X, y = {"w": normal(1, 2)}, normal(2, examples, seed=1), normal(1, examples, seed=2)
    check(own, parameters, X, y)
    np.testing.assert_allclose(
        kernel.gradients(parameters, X, y)["w"], own.gradients(parameters, X, y)["w"], rtol=1e-12
    )


def test_views_are_read_when_what_they_show_is() -> None:
    n = size("n")
    W, V, U, d, e = (p.Variable(name, name, (n, n)) for name in ("W", "V", "U", "d", "e"))
    lines = [
        p.Assignment(V, p.Transpose(W)),
        p.Assignment(U, V),
        p.Assignment(d, p.Matmul(W, W)),
        p.Assignment(e, p.Matmul(U, d)),
    ]
    assert read_later(lines) == [{W, V, U, d}, {W, V, U, d}, {W, V, U, d}, set()]


def test_rectifiers_that_are_written_out() -> None:
    """u [u > 0], u - u [-u > 0] and multiples of them are max(u, 0); what only looks like one is left alone."""
    u, v = Entry(Name("u")), Entry(Name("v"))
    relu = Fun("relu", 0, u)
    assert recognised(mul(u, Positive(u))) is relu
    assert recognised(add(u, neg(mul(u, Positive(neg(u)))))) is relu
    assert recognised(mul(num(3), v, u, Positive(u))) is mul(num(3), relu, v)
    assert recognised(mul(num(2), u, Positive(mul(num(4), u)))) is mul(
        num(Fraction(1, 2)), Fun("relu", 0, mul(num(4), u))
    )
    for other in (
        mul(v, Positive(u)),
        mul(u, Positive(mul(u, u))),
        mul(num(2), Positive(num(1))),
        add(v, mul(u, Positive(u))),
    ):
        assert recognised(other) is other or Fun("relu", 0, u) in walk(recognised(other))


def test_a_page_that_writes_its_rectifier_out_keeps_no_pre_activation() -> None:
    n, m = size("n"), size("m")
    notes = Notes()
    X, Y, W = notes.given("X", "input", n, m), notes.given("Y", "target", n, m), notes.given("W", "parameter", n, n)
    z = notes.define("z", matmul(W, X))
    a = notes.define("a", entrywise(lambda term: add(term, neg(mul(term, Positive(neg(term))))), z))
    notes.define("L", half_squares(minus(a, Y)))
    own = numeric.compile(notes.theory("L", batch=m))
    assert "a = np.maximum(z, 0.0, out=z)" in own.source
    assert "(a > 0.0)" in own.source or "*= a > 0.0" in own.source
    check(own, own.init(0, n=3), normal(3, 4), normal(3, 4, seed=1))
