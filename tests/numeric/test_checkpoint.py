"""Runs that go on where they stopped end as if they had not, and only runs of the same network and recipe go on."""

from __future__ import annotations

import contextlib
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import numeric
from derive.check import read_text, theory_of
from derive.network import network
from numeric.checkpoint import Recipe, Unresumable, load_checkpoint, save_checkpoint
from numeric.data import moons, xor
from numeric.train import Training, train


def trained(path: Path | None = None, resume: Path | None = None, **changed: Any) -> Training:
    options: dict[str, Any] = {"epochs": 40, "rate": 0.05, "seed": 3, "sizes": {"h": 4}} | changed
    theory = network((2, "h", 1), ("tanh", "sigmoid"), "binary cross-entropy", "m", reduction="mean")
    return train(
        numeric.compile(theory), moons(60),
        save=None if path is None else partial(save_checkpoint, path),
        resume=None if resume is None else partial(load_checkpoint, resume), **options,
    )  # fmt: skip


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"optimizer": "momentum"},
        {"optimizer": "adam", "batch_size": 7},
        {"batch_size": 16, "held_out": 0.25, "patience": 1000},
        {"dtype": "float32", "optimizer": "adam"},
    ],
)
def test_a_run_in_two_parts_is_the_run(tmp_path: Path, how: dict[str, Any]) -> None:
    whole = trained(epochs=90, **how)
    trained(tmp_path / "run.npz", epochs=40, **how)
    parts = trained(resume=tmp_path / "run.npz", epochs=90, **how)
    for name, value in whole.parameters.items():
        np.testing.assert_array_equal(parts.parameters[name], value)
        assert value.dtype == how.get("dtype", "float64")
    assert parts.history[-1] == whole.history[-1]
    assert parts.epochs[-1] == 90
    assert set(parts.epochs) >= {0, 40, 90}


def test_a_finished_run_goes_on_by_nothing(tmp_path: Path) -> None:
    first = trained(tmp_path / "run.npz")
    again = trained(resume=tmp_path / "run.npz")
    np.testing.assert_array_equal(first.parameters["W1"], again.parameters["W1"])
    assert first.history == again.history


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seed": 4}, "begun with --seed 3, not 4"),
        ({"optimizer": "adam"}, "begun with --optimizer descent, not adam"),
        ({"batch_size": 5}, "begun with --batch None, not 5"),
        ({"held_out": 0.5}, "begun with --held-out 0.0, not 0.5"),
        ({"dtype": "float32"}, "begun with --dtype float64, not float32"),
    ],
)
def test_another_recipe_does_not_go_on(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    trained(tmp_path / "run.npz")
    with pytest.raises(Unresumable, match=said):
        trained(resume=tmp_path / "run.npz", epochs=50, **changed)


PAGE = r"""
The input is $x \in \mathbb{R}^{2}$, the target $y$ is a number. The parameters are the weights $w \in \mathbb{R}^2$.

$$a = w^T x$$

$$L = \lambda (a - y)^2$$
"""


def test_constants_belong_to_the_recipe(tmp_path: Path) -> None:
    own = numeric.compile(theory_of(read_text(PAGE)))
    path = tmp_path / "run.npz"
    train(own, xor(), epochs=5, rate=0.01, constants={"lambda_": 0.5}, save=partial(save_checkpoint, path))
    with pytest.raises(Unresumable, match=r"begun with --constant lambda_=0.5, not lambda_=0.25"):
        train(own, xor(), epochs=9, rate=0.01, constants={"lambda_": 0.25}, resume=partial(load_checkpoint, path))
    run = train(own, xor(), epochs=9, rate=0.01, constants={"lambda_": 0.5}, resume=partial(load_checkpoint, path))
    assert run.epochs[-1] == 9


def test_patience_that_is_added_later_begins_then(tmp_path: Path) -> None:
    trained(tmp_path / "run.npz", epochs=40)
    run = trained(resume=tmp_path / "run.npz", epochs=90, patience=30)
    assert run.stopped == "all epochs are done"
    assert run.epochs[-1] == 90
    # a rate at which nothing gets better: the end is that long after the run goes on, with the weights that it had then
    first = trained(tmp_path / "run.npz", epochs=40)
    stuck = trained(resume=tmp_path / "run.npz", epochs=900, patience=30, rate=1e-12)
    assert stuck.stopped == "no lower loss for 32 epochs; the lowest was at epoch 40"  # it looks every six epochs
    np.testing.assert_array_equal(stuck.parameters["W1"], first.parameters["W1"])


def test_where_patience_ends_a_run_does_not_depend_on_the_epochs_it_may_last() -> None:
    ends = {trained(epochs=epochs, patience=35, rate=1e-12).epochs[-1] for epochs in (50, 400, 100_000)}
    assert ends == {35}


def test_other_data_do_not_go_on(tmp_path: Path) -> None:
    trained(tmp_path / "run.npz")
    own = numeric.compile(network((2, "h", 1), ("tanh", "sigmoid"), "binary cross-entropy", "m", reduction="mean"))
    with pytest.raises(Unresumable, match=r"the data moons \([0-9a-f]{8}\), not xor"):
        train(own, xor(), seed=3, sizes={"h": 4}, resume=partial(load_checkpoint, tmp_path / "run.npz"))
    with pytest.raises(Unresumable, match="the data moons"):  # one more example
        train(own, moons(61), seed=3, sizes={"h": 4}, resume=partial(load_checkpoint, tmp_path / "run.npz"))


@pytest.mark.parametrize(
    ("theory", "said"),
    [
        (network((2, 3, 1)), "W1 is 4 x 2 there, and 3 x 2 here"),
        (network((2, 4, 3, 1)), "its parameters are W1, b1, W2, b2, and this one has W1, b1, W2, b2, W3, b3"),
        (network((2, 4, 1)), "not the same formulas"),
    ],
)
def test_another_network_does_not_go_on(tmp_path: Path, theory: Any, said: str) -> None:
    trained(tmp_path / "run.npz")
    with pytest.raises(Unresumable, match=said):
        train(theory, moons(60), seed=3, resume=partial(load_checkpoint, tmp_path / "run.npz"))


def test_other_sizes_are_those_of_the_file(tmp_path: Path) -> None:
    trained(tmp_path / "run.npz")
    with pytest.raises(Unresumable, match="W1 is 4 x 2 there, and 6 x 2 here"):
        trained(resume=tmp_path / "run.npz", sizes={"h": 6})


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04"])
def test_files_that_no_run_has_written(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.npz").write_bytes(content)
    with pytest.raises(Unresumable, match="not a file that --save has written"):
        trained(resume=tmp_path / "run.npz")
    np.savez(tmp_path / "other.npz", X=np.ones(3))
    with pytest.raises(Unresumable, match="not a file that --save has written"):
        trained(resume=tmp_path / "other.npz")
    with pytest.raises(Unresumable, match="No such file"):
        trained(resume=tmp_path / "missing.npz")


def test_a_damaged_file_is_no_run(tmp_path: Path) -> None:
    trained(tmp_path / "run.npz")
    content = (tmp_path / "run.npz").read_bytes()
    (tmp_path / "run.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(Unresumable, match="not a file that --save has written"):
        trained(resume=tmp_path / "run.npz")


def rewritten(path: Path, change: Any) -> None:
    with np.load(path) as archive:
        arrays = dict(archive)
    change(arrays)
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda arrays: arrays.pop("slot/m/W1"), "slot/m/W1 is damaged or missing"),
        (lambda arrays: arrays.update({"slot/v/b2": np.zeros((2, 2))}), "slot/v/b2 is damaged"),
        (
            lambda arrays: arrays.update({"parameter/W1": arrays["parameter/W1"].astype("float32")}),
            "parameter/W1 is damaged",
        ),
        (lambda arrays: arrays.update({"parameter/W1": np.full((4, 2), "a")}), "parameter/W1 is damaged"),
        (lambda arrays: arrays.pop("best/W1"), "best/W1 is damaged"),
        (lambda arrays: arrays.update({"slot": np.zeros(1)}), "slot belongs to no such run"),
    ],
)
def test_arrays_that_no_run_has(tmp_path: Path, change: Any, said: str) -> None:
    trained(tmp_path / "run.npz", optimizer="adam", patience=1000)
    rewritten(tmp_path / "run.npz", change)
    with pytest.raises(Unresumable, match=said):
        trained(resume=tmp_path / "run.npz", optimizer="adam", patience=1000)


def test_members_that_are_no_arrays(tmp_path: Path) -> None:
    trained(tmp_path / "run.npz")
    with zipfile.ZipFile(tmp_path / "run.npz", "a") as archive:
        archive.writestr("parameter/V", b"not an array")
    with pytest.raises(Unresumable, match="not a file that --save has written"):
        trained(resume=tmp_path / "run.npz")


def test_any_damaged_byte(tmp_path: Path) -> None:
    trained(tmp_path / "run.npz", epochs=1, optimizer="momentum")
    content = (tmp_path / "run.npz").read_bytes()
    for place in range(0, len(content), 97):
        (tmp_path / "run.npz").write_bytes(content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :])
        with contextlib.suppress(Unresumable):
            trained(resume=tmp_path / "run.npz", epochs=1, optimizer="momentum")


def test_saving_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained(tmp_path / "run.npz")
    before = (tmp_path / "run.npz").read_bytes()

    def full(*_arguments: Any, **_arrays: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        trained(tmp_path / "run.npz", epochs=50)
    assert (tmp_path / "run.npz").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


def test_a_recipe_is_told_by_all_its_parts() -> None:
    recipe = Recipe("xor", 0, "descent", None, 0.0, "float64")
    assert recipe != replace(recipe, batch_size=1)
