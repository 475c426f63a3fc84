"""Networks built by hand: names, shapes, roles, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from derive.algebra.names import Level, Name, size
from derive.algebra.terms import Extent, names, walk
from derive.calculus import backward
from derive.network import ACTIVATIONS, LOSSES, network


def level(base: str, number: int) -> Name:
    return Name(base, (Level("", number),))


def test_the_default_is_the_small_sigmoid_network() -> None:
    theory = network()
    assert [repr(name) for name in theory.definitions] == ["z^(1)", "a^(1)", "z^(2)", "a^(2)", "L"]
    assert [repr(symbol.name) for symbol in theory.parameters] == ["W^(1)", "b^(1)", "W^(2)", "b^(2)"]
    assert [repr(symbol.name) for symbol in theory.inputs + theory.targets] == ["x", "y"]
    assert theory.loss is Name("L")
    assert theory.functions["sigmoid"].known == "sigmoid"


@pytest.mark.parametrize("depth", range(1, 7))
@pytest.mark.parametrize("layout", ["columns", "rows"])
@pytest.mark.parametrize("batch", [None, "m", 5])
def test_shapes_at_any_depth(depth: int, layout: Any, batch: Any) -> None:
    sizes = ["n", *range(2, depth + 1), "c"]
    theory = network(sizes, "tanh", batch=batch, layout=layout)
    for number in range(1, depth + 1):
        shape = (size(sizes[number]), size(sizes[number - 1]))
        assert theory.symbols[level("W", number)].shape == (shape if layout == "columns" else shape[::-1])
        assert theory.symbols[level("b", number)].shape == shape[:1]
    output = theory.symbols[level("a", depth)].shape
    assert output == theory.symbols[Name("y")].shape
    assert len(output) == (1 if batch is None else 2)
    assert theory.definitions[Name("L")].value.rank == 0
    assert theory.batch is (None if batch is None else size(batch))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_activation_with_every_loss_is_differentiable(activation: str, loss: str) -> None:
    theory = network((3, 4, 2), activation, loss, batch="m")
    gradients = backward(theory).gradients
    for symbol in (*theory.parameters, *theory.inputs):
        assert gradients[symbol.name].shape == symbol.shape


def test_one_activation_for_each_layer() -> None:
    theory = network((2, 3, 1), ("relu", "identity"))
    assert theory.definitions[level("a", 2)].value.body.free
    assert level("z", 2) in names(theory.definitions[level("a", 2)].value.body)
    assert set(theory.functions) == {"relu"}


def test_a_mean_divides_by_the_number_of_examples() -> None:
    symbolic = network(batch="m", reduction="mean").definitions[Name("L")].value.body
    assert any(isinstance(node, Extent) for node in walk(symbolic))
    numeric = network(batch=4, reduction="mean").definitions[Name("L")].value.body
    assert repr(numeric).startswith("1/8*")


@pytest.mark.parametrize(
    "arguments",
    [
        {"activation": "sigmoidal"},
        {"loss": "hinge"},
        {"sizes": (3,)},
        {"activation": ("tanh",)},
        {"output_activation": "max"},
        {"layout": "diagonal"},
    ],
)
def test_what_is_unknown_is_refused_by_name(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"there are|layers|layer|rows"):
        network(**arguments)
