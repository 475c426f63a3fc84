"""What `train` prints: the loss, the predictions, the share of starts, and plain words where the data do not fit."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from derive.check import read_text, theory_of
from derive.cli import cli
from derive.network import network
from derive.theory import Theory
from numeric import NotLowerable
from numeric.train import DataMismatch, Diverged
from reports.training import Order, Unfitting, print_training


def printed(theory: Theory, *, starts: int | None = None, **changed: Any) -> str:
    """What a terminal of 100 columns without colours shows."""
    stream = io.StringIO()
    console = Console(file=stream, width=100, highlight=False, markup=False)
    print_training(theory, Order(starts=starts, **changed), console)
    return stream.getvalue()


def rows(text: str) -> list[list[float]]:
    """(target, prediction, difference) of every row of the table."""
    return [
        [float(number) for number in line.split()[-3:]]
        for line in text.splitlines()
        if re.match(r"\s*[01], [01]\s", line)
    ]


def test_a_run_that_converges() -> None:
    said = printed(network(), rate=1.0, seed=3)
    start, end = map(float, re.findall(r"loss at the start (\S+), at the end (\S+)", said)[0])
    assert end < 0.01 < start
    table = rows(said)
    assert [row[0] for row in table] == [0, 1, 1, 0]
    for target, prediction, difference in table:
        assert difference == pytest.approx(prediction - target, abs=1e-4)
        assert abs(difference) <= 0.1
    assert "\nconverged: " in said


def test_a_run_that_stays_stuck() -> None:
    said = printed(network(), seed=0)
    assert max(abs(row[2]) for row in rows(said)) > 0.1
    assert "\nnot converged: " in said
    assert "--starts" in said


def test_the_same_seed_prints_the_same() -> None:
    said = printed(network(), epochs=50, seed=5)
    assert said == printed(network(), epochs=50, seed=5)
    assert said != printed(network(), epochs=50, seed=6)


def test_share_of_starts() -> None:
    """Of 1,000 starts of the two-layer sigmoid network about 640 converge; with 300 the standard error is 2.8 %."""
    said = printed(network(), starts=300)
    share, low, high = map(float, re.findall(r"share (\S+)%, with 95 % confidence between (\S+)% and (\S+)%", said)[0])
    assert 55 <= share <= 73
    assert low < share < high
    assert high - low == pytest.approx(2 * 1.96 * 2.8, rel=0.1)
    assert re.search(rf"{round(share * 3)} of 300 random starts converge", said)


@pytest.mark.parametrize(("sizes", "said"), [((3, 4, 2), "3 inputs and 2 outputs"), ((1, 1), "1 input and 1 output")])
@pytest.mark.parametrize("starts", [None, 5])
def test_data_that_do_not_fit(sizes: tuple[int, ...], said: str, starts: int | None) -> None:
    with pytest.raises(DataMismatch, match=f"{said}; xor has 2 inputs and 1 output"):
        printed(network(sizes), starts=starts)


def test_batch_in_rows() -> None:
    """A page whose data are matrices says by their sizes which one counts examples."""
    page = r"""
$$X \in \mathbb{R}^{N \times 2}, \quad Y \in \mathbb{R}^{N \times 1}, \quad W \in \mathbb{R}^{2 \times 1}$$

$$\hat{Y} = X W$$

$$L = \frac{1}{2} \| \hat{Y} - Y \|_F^2 + \frac{\lambda}{2} \| W \|_F^2$$
"""
    theory = theory_of(read_text(page))
    with pytest.raises(DataMismatch, match="lambda"):
        printed(theory)
    said = printed(theory, constants={"lambda_": 0.0}, epochs=2000)
    assert [row[1] for row in rows(said)] == pytest.approx([0, 1 / 3, 1 / 3, 2 / 3], abs=1e-3)


def test_divergence_is_told() -> None:
    theory = network((2, 3, 1), "relu", output_activation="identity")
    with pytest.raises(Diverged, match="smaller rate"):
        printed(theory, rate=1e6)


def test_no_loss() -> None:
    with pytest.raises(NotLowerable, match="loss"):
        printed(theory_of(read_text("$$f(t) = t^2$$")))


def test_nothing_but_the_result_where_there_is_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    printed(network(), epochs=3000)
    assert capfd.readouterr().err == ""


def written(folder: Path, text: str) -> str:
    (folder / "table.csv").write_text(text, encoding="utf-8")
    return str(folder / "table.csv")


def test_own_data(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b,either\n0,0,0\n0,1,1\n1,0,1\n1,1,1\n")
    said = printed(network(), data=path, rate=1.0, targets=["either"])
    assert said.startswith("table: 10000 epochs at rate 1, seed 0\n")
    assert [row[0] for row in rows(said)] == [0, 1, 1, 1]
    assert "\nconverged: " in said


def test_a_column_of_classes(tmp_path: Path) -> None:
    """Three classes in one column, for a network with three outputs that knows how many inputs it has."""
    rng = np.random.default_rng(0)
    kinds = np.arange(60) % 3
    points = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])[kinds] + 0.3 * rng.standard_normal((60, 2))
    lines = [f"{x},{y},{kind}" for (x, y), kind in zip(points, kinds, strict=True)]
    path = written(tmp_path, "\n".join(lines))
    theory = network((2, 3), "softmax", "categorical cross-entropy", reduction="mean")
    said = printed(theory, data=path, epochs=300, rate=0.05, optimizer="adam", batch=10)
    assert "300 epochs at rate 0.05, seed 0, adam, 10 examples in a step" in said
    assert "60 of 60 examples are on the right side of 0.5" in said
    assert "the first 20 of 60 examples" in said


def test_data_of_another_width_are_told_apart(tmp_path: Path) -> None:
    path = written(tmp_path, "1,2,3,0\n")
    with pytest.raises(DataMismatch, match="2 inputs and 1 output; table has 3 inputs and 1 output"):
        printed(network(), data=path, targets=["4"])


def test_history_is_json(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    printed(network(), epochs=200, history=path, sizes={}, held_out=0.25)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["epochs"] == list(range(0, 201, 2))
    assert len(found["loss"]) == len(found["held_out"]) == 101
    assert found["settings"]["rate"] == 0.1
    assert found["settings"]["data"] == "xor"
    assert (found["diverged"], found["stopped"]) == (False, "all epochs are done")


def test_the_history_of_a_run_that_diverges_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with pytest.raises(Diverged):
        printed(network((2, 3, 1), "relu", output_activation="identity"), rate=1e6, history=path)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["diverged"]
    assert "smaller rate" in found["stopped"]
    assert found["loss"][-1] is None or found["loss"][-1] > 1e6


def test_a_run_that_stops_early_says_why(tmp_path: Path) -> None:
    said = printed(network(), rate=2.0, seed=3, below=0.01)
    assert re.search(r"stopped after \d+ epochs: the loss is below 0.01", said)
    said = printed(network(), epochs=400, seed=3, save=tmp_path / "run.npz")
    again = printed(network(), epochs=800, seed=3, resume=tmp_path / "run.npz")
    whole = printed(network(), epochs=800, seed=3)
    assert again == whole
    assert said != whole


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"starts": 5, "optimizer": "adam"}, "--optimizer is for a single run"),
        ({"starts": 5, "held_out": 0.5}, "--held-out is for a single run"),
        ({"starts": 5, "save": Path("run.npz")}, "--save is for a single run"),
        ({"kernel": "numba"}, "--kernel is for --starts"),
        ({"targets": ["y"]}, "--targets is for columns of a CSV file"),
        ({"save": Path("no/such/run.npz")}, "--save no/such/run.npz: there is no folder no/such"),
        ({"history": Path("no/such/run.json")}, "--history no/such/run.json: there is no folder no/such"),
    ],
)
def test_options_that_do_not_go_together(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(Unfitting, match=said):
        printed(network(), **changed)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--held-out", "nan"), ("--rate", "nan"), ("--rate", "inf"), ("--below", "nan"), ("--below", "-inf")],
)
def test_options_that_are_no_numbers(option: str, value: str, root: Path) -> None:
    page = str(root / "examples" / "backpropagation.md")
    found = CliRunner().invoke(cli, ["train", page, "--epochs", "1", option, value])
    assert found.exit_code == 2
    assert "is no number to go by" in found.output
