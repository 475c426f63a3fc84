"""The index form to SymPy and back: the same numbers, at random expressions, and the forms a textbook would write."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from derive.algebra.arrays import (
    Array,
    apply,
    array,
    broadcast,
    diagonal,
    entrywise,
    hadamard,
    identity,
    inner,
    matmul,
    plus,
    scalar,
    scale,
    spread,
    sum_entries,
    trace,
    transpose,
)
from derive.algebra.names import Index, Level, Name, Size, fresh, size
from derive.algebra.terms import (
    Add,
    Delta,
    Entry,
    Extent,
    Fun,
    Mul,
    Num,
    Partial,
    Positive,
    Pow,
    Term,
    Total,
    num,
    power,
    total,
    walk,
)
from derive.matrices import NoIndexForm, NoMatrixForm, definitions, derivative, from_sympy, plan, to_sympy
from derive.network import network

LENGTHS = {"n": 2, "m": 3}
N, M = size("n"), size("m")
FUNCTIONS: dict[tuple[str, int], Any] = {
    ("tanh", 0): np.tanh,
    ("tanh", 1): lambda x: 1 - np.tanh(x) ** 2,
    ("sin", 0): np.sin,
    ("sin", 1): np.cos,
    ("f", 0): lambda x: x**3 - x,
    ("f", 1): lambda x: 3 * x**2 - 1,
}


def evaluate(term: Term, at: dict[Index, int], values: dict[Name, Any]) -> float:
    """A term at given indices, by its definition and nothing cleverer."""
    match term:
        case Num():
            return float(term.value)
        case Extent():
            return float(LENGTHS.get(term.size.name, term.size.value or 0))
        case Entry():
            return float(values[term.name][tuple(at[index] for index in term.indices)])
        case Fun():
            return float(FUNCTIONS[term.function, term.order](evaluate(term.argument, at, values)))
        case Add():
            return sum(evaluate(part, at, values) for part in term.terms)
        case Mul():
            return float(np.prod([evaluate(part, at, values) for part in term.factors]))
        case Pow():
            return float(evaluate(term.base, at, values) ** float(term.exponent))
        case Total():
            length = LENGTHS.get(term.index.size.name, term.index.size.value or 0)
            return sum(evaluate(term.body, {**at, term.index: k}, values) for k in range(length))
        case Delta():
            return float(at[term.left] == at[term.right])
        case Positive():
            return float(evaluate(term.argument, at, values) > 0)
    raise TypeError(term)


def entries(value: Array, values: dict[Name, Any]) -> list[float]:
    lengths = [LENGTHS.get(index.size.name, index.size.value or 0) for index in value.indices]
    places = product(*map(range, lengths))
    return [evaluate(value.body, dict(zip(value.indices, place, strict=True)), values) for place in places]


def named(shape: tuple[Size, ...], row: bool, which: int) -> Array:
    letters = "".join(length.name for length in shape)
    return array(Name(f"{'r' if row else 'c'}{letters}{which}"), shape, row)


@st.composite
def arrays(draw: st.DrawFn, shape: tuple[Size, ...], row: bool = False, depth: int = 3) -> Array:
    """Any array of that shape."""

    def deeper(*other: Size, row: bool = False) -> Array:
        return draw(arrays(other, row, depth - 1))

    leaf = named(shape, row, draw(st.integers(0, 1)))
    if depth == 0:
        return leaf
    rules: list[Any] = [
        lambda: leaf,
        lambda: plus(deeper(*shape, row=row), deeper(*shape, row=row)),
        lambda: hadamard(deeper(*shape, row=row), deeper(*shape, row=row)),
        lambda: scale(deeper(), deeper(*shape, row=row)),
        lambda: apply(draw(st.sampled_from(["tanh", "f"])), deeper(*shape, row=row), draw(st.integers(0, 1))),
        lambda: entrywise(lambda body: power(body, 2), deeper(*shape, row=row)),
        lambda: entrywise(Positive, deeper(*shape, row=row)),
        lambda: spread(deeper(), shape, row) if shape else scalar(num(Fraction(-3, 2))),
        lambda: scale(scalar(Extent(M)), leaf),
    ]
    inside = draw(st.sampled_from([N, M]))
    if len(shape) == 2:
        rules += [
            lambda: matmul(deeper(shape[0], inside), deeper(inside, shape[1])),
            lambda: matmul(deeper(shape[0]), deeper(shape[1], row=True)),
            lambda: transpose(deeper(shape[1], shape[0])),
            lambda: broadcast(deeper(shape[0]), shape, 0),
            lambda: broadcast(deeper(shape[1], row=True), shape, 1),
        ]
        if shape[0] is shape[1]:
            rules += [lambda: diagonal(deeper(shape[0])), lambda: identity(shape[0])]
    elif len(shape) == 1:
        rules += [
            lambda: transpose(deeper(*shape, row=not row)),
            lambda: (
                matmul(deeper(inside, row=True), deeper(inside, *shape))
                if row
                else matmul(deeper(*shape, inside), deeper(inside))
            ),
        ]
    else:
        rules += [
            lambda: inner(deeper(inside), deeper(inside, row=True)),
            lambda: inner(deeper(N, M), deeper(N, M)),
            lambda: sum_entries(deeper(M, inside)),
            lambda: sum_entries(deeper(inside)),
            lambda: trace(deeper(inside, inside)),
        ]
    return draw(st.sampled_from(rules))()  # type: ignore[no-any-return]


SHAPES = st.sampled_from([((), False), ((N,), False), ((M,), True), ((N, M), False), ((M, M), False)])


def numbers(seed: int) -> dict[Name, Any]:
    """Small random values for every leaf."""
    rng = np.random.default_rng(seed)
    shapes = [(), (N,), (M,), (N, M), (M, N), (N, N), (M, M)]
    found: dict[Name, Any] = {}
    for shape, row, which in product(shapes, (False, True), (0, 1)):
        lengths = tuple(LENGTHS[length.name] for length in shape)
        (entry,) = [node for node in [named(shape, row, which).body] if isinstance(node, Entry)]
        found[entry.name] = rng.uniform(-0.6, 0.6, lengths)
    return found


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data(), seed=st.integers(0, 2**16))
def test_there_and_back_is_the_same_number(data: st.DataObject, seed: int) -> None:
    shape, row = data.draw(SHAPES)
    value = data.draw(arrays(shape, row))
    expression = to_sympy(value, None)
    if value.rank:
        rows, columns = expression.shape
        own = [sympy.Symbol(length.name, integer=True, positive=True) for length in value.shape]
        assert (rows, columns) == (tuple(own) if value.rank == 2 else (1, own[0]) if row else (own[0], 1))
    again = from_sympy(expression)
    values = numbers(seed)
    assert again.shape == value.shape
    assert again.rank != 1 or again.row == value.row
    np.testing.assert_allclose(entries(again, values), entries(value, values), rtol=1e-9, atol=1e-9)


def test_a_backward_pass_reads_as_in_a_textbook() -> None:
    theory = network(sizes=("n", "h", "c"))
    written = {name: str(value) for name, value in definitions(theory).items()}
    assert written["z^(1)"] == "W^(1)*x + b^(1)"
    assert written["L"] == "((a^(2) - y).T*(a^(2) - y))[0, 0]/2"
    assert str(derivative(theory, "L", "a^(1)")) == "W^(2).T*dL/dz^(2)"
    assert str(derivative(theory, "L", "W1")) == "dL/dz^(1)*x.T"
    assert str(derivative(theory, "L", "b1")) == "dL/dz^(1)"
    hidden = derivative(theory, "L", "z1")
    assert isinstance(hidden, sympy.HadamardProduct)
    assert [argument.shape for argument in hidden.args] == [(sympy.Symbol("h", integer=True, positive=True), 1)] * 2


def test_a_batch_in_columns_and_in_rows() -> None:
    columns = network(sizes=("n", "h", "c"), batch="m")
    assert str(definitions(columns)["z^(1)"]) == "W^(1)*X + b^(1)*1"
    assert str(derivative(columns, "L", "W2")) == "dL/dz^(2)*a^(1).T"
    assert str(derivative(columns, "L", "b2")) == "dL/dz^(2)*1"
    rows = network(sizes=("n", "h", "c"), batch="m", layout="rows")
    assert str(definitions(rows)["z^(1)"]) == "X*W^(1) + 1*b^(1)"
    assert str(derivative(rows, "L", "W2")) == "a^(1).T*dL/dz^(2)"
    assert str(derivative(rows, "L", "a1")) == "dL/dz^(2)*W^(2).T"
    assert derivative(rows, "L", "b2").shape[0] == 1


@pytest.mark.parametrize("batch", [None, "m"])
@pytest.mark.parametrize("layout", ["columns", "rows"])
def test_every_gradient_has_the_shape_of_its_quantity(batch: str | None, layout: Any) -> None:
    theory = network(("n", "h", "c"), "tanh", "categorical cross-entropy", batch, layout, output_activation="softmax")
    for name in ("W1", "b1", "W2", "b2", "z1", "z2", "a1", "a2"):
        gradient = derivative(theory, "L", name)
        symbol = next(s for s in theory.symbols.values() if repr(s.name).replace("^(", "").rstrip(")") == name)
        shape = tuple(str(length) for length in symbol.shape)
        expected = shape if len(shape) == 2 else ("1", *shape) if symbol.row else (*shape, "1")
        assert tuple(map(str, gradient.shape)) == expected
        assert not gradient.has(sympy.FunctionMatrix)


def test_traces_stay_traces() -> None:
    A, X = sympy.MatrixSymbol("A", 2, 3), sympy.MatrixSymbol("X", 3, 2)
    assert str(to_sympy(from_sympy(sympy.Trace(A * X)))) == "Trace(A*X)"
    assert str(to_sympy(from_sympy(sympy.Trace(X.T * X)))) in ("Trace(X.T*X)", "Trace(X*X.T)")
    assert str(to_sympy(from_sympy(sympy.Trace(sympy.MatrixSymbol("Q", 3, 3))))) == "Trace(Q)"


def test_three_indices_at_once_are_written_out() -> None:
    i, j, k = fresh(N), fresh(N), fresh(M)
    term = total(
        (k,), Fun("tanh", 0, Mul((Entry(Name("A"), (i, k)), Entry(Name("B"), (j, k)), Entry(Name("c"), (k,)))))
    )
    with pytest.raises(NoMatrixForm):
        plan(term)
    written = to_sympy(Array((i, j), term))
    assert isinstance(written, sympy.FunctionMatrix)
    again = from_sympy(written)
    rng = np.random.default_rng(5)
    values = {Name("A"): rng.normal(size=(2, 3)), Name("B"): rng.normal(size=(2, 3)), Name("c"): rng.normal(size=3)}
    np.testing.assert_allclose(entries(again, values), entries(Array((i, j), term), values))


@pytest.mark.parametrize(
    "expression",
    [
        sympy.Inverse(sympy.MatrixSymbol("A", 2, 2)),
        sympy.Float("0.5") * sympy.Symbol("x"),
        sympy.Symbol("x") ** sympy.Symbol("y"),
        sympy.Integral(sympy.Symbol("x"), sympy.Symbol("x")),
        sympy.Heaviside(sympy.Symbol("x")),
        sympy.MatrixSymbol("A", 2, 2)[sympy.Symbol("i"), 0],
        sympy.Piecewise((1, sympy.Symbol("x") >= 0), (0, True)),
    ],
)
def test_what_has_no_index_form_is_refused(expression: Any) -> None:
    with pytest.raises(NoIndexForm):
        from_sympy(expression)


def test_cases_and_maxima_become_steps() -> None:
    x = sympy.Symbol("x", real=True)
    for written in (sympy.Max(0, x), sympy.Piecewise((x, x > 0), (0, True))):
        value = from_sympy(written)
        for number in (-2.0, 3.0):
            assert entries(value, {Name("x"): np.array(number)}) == [max(0.0, number)]


def test_a_hostile_name_is_a_name() -> None:
    name = Name("__import__('os').system('true')")
    written = to_sympy(array(name, (N,)))
    assert written.name == name.base
    assert from_sympy(written).body.free


def test_a_jacobian_is_a_matrix_with_a_name() -> None:
    """Chains of derivatives, as notes write them, contract along the variable that links them."""
    theory = network(("n", "h", "c"))
    h, c = size("h"), size("c")
    i, k, j = fresh(c), fresh(c), fresh(h)
    level = {number: (Level("", number),) for number in (1, 2)}
    a2, z2, a1 = Entry(Name("a", level[2]), (i,)), Entry(Name("z", level[2]), (k,)), Entry(Name("a", level[1]), (j,))
    chain = total((i, k), Mul((Partial(Entry(Name("L")), a2), Partial(a2, z2), Partial(z2, a1))))
    written = to_sympy(Array((j,), chain), theory)
    assert str(written) == "dz^(2)/da^(1).T*da^(2)/dz^(2).T*dL/da^(2)"
    again = from_sympy(written, theory)
    assert {node for node in walk(again.body) if isinstance(node, Partial)}
    assert str(to_sympy(again, theory)) == str(written)
