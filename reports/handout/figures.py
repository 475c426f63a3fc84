"""The drawings of a handout, each as SVG (for screens and Typst) and PDF (for TeX).

Two colours that colour-blind readers tell apart (Okabe and Ito, 2008), and never colour alone: lines differ in their dashes
too. The same theory gives the same bytes: no dates, no random identifiers.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from derive.notation.errors import NotationError
from reports.handout.layers import Layer

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Matrix = np.ndarray[Any, np.dtype[np.float64]]

BLUE, ORANGE, INK, FAINT = "#0072b2", "#d55e00", "#1b1f24", "#9aa4ae"
PAPER = "#fffffe"
"""White; a colour of its own, so that a dark page can put its own in its place."""
_WIDEST = 6.3
_MOST_UNITS = 6
"""A layer with more units is drawn with dots."""

Label = Callable[[object], str]


@dataclass(frozen=True)
class Drawing:
    """A finished figure in both formats, and its width in inches."""

    svg: str
    pdf: bytes
    width: float


def _style() -> AbstractContextManager[None]:
    import matplotlib as mpl

    return mpl.rc_context(
        {
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "axes.linewidth": 0.7,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "font.family": "DejaVu Sans",
            "font.size": 9,
            "legend.frameon": False,
            "mathtext.fontset": "cm",
            "pdf.fonttype": 3,
            "svg.fonttype": "path",
            "svg.hashsalt": "gradproof",
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )


def _finished(figure: Figure) -> Drawing:
    svg, pdf = io.StringIO(), io.BytesIO()
    options: Mapping[str, Any] = {"bbox_inches": "tight", "pad_inches": 0.04, "transparent": True}
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None}, **options)
    figure.savefig(pdf, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None}, **options)
    return Drawing(svg.getvalue(), pdf.getvalue(), float(figure.get_figwidth()))


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def mathtext(latex: str, otherwise: str) -> str:
    """A name as matplotlib sets mathematics; as plain words where it does not know a command."""
    from matplotlib.mathtext import MathTextParser

    text = f"${latex}$"
    if "$" in latex:
        return otherwise
    try:
        MathTextParser("path").parse(text)
    except (ValueError, NotationError):
        return otherwise
    return text


def draw_network(found: tuple[Layer, ...], captions: tuple[tuple[str, ...], ...], arrows: tuple[str, ...]) -> Drawing:
    """Layers as columns of circles with arrows between them.

    Args:
        found: the layers from left to right.
        captions: the lines of text under each layer.
        arrows: what is written above the arrows into each layer but the first.
    """
    with _style():
        across, down = 2.1, 0.6
        top = (max(len(_places(layer)) for layer in found) - 1) / 2 * down + 0.2
        left, right = -0.8, (len(found) - 1) * across + 0.8
        bottom = -top - 0.3 - 0.34 * max(len(each) for each in captions)
        inches = min(0.64, _WIDEST / (right - left))
        figure = _figure((right - left) * inches, (top + 0.65 - bottom) * inches)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.axis("off")
        axes.set_xlim(left, right)
        axes.set_ylim(bottom, top + 0.65)
        for column, layer in enumerate(found):
            if column:
                _connect(axes, found[column - 1], layer, (column - 1) * across, column * across, down)
                axes.text((column - 0.5) * across, top + 0.15, arrows[column - 1], ha="center", va="bottom")
            _units(axes, layer, column * across, down, column == 0)
            for line, text in enumerate(captions[column]):
                axes.text(column * across, -top - 0.2 - 0.34 * line, text, ha="center", va="top")
        return _finished(figure)


def _places(layer: Layer) -> tuple[bool, ...]:
    """What stands in a layer's column from the top: True for a unit, False for dots."""
    count = 1 if layer.units is None else layer.units.value
    if count is None or count > _MOST_UNITS:
        return (True, True, False, True)
    return (True,) * count


def _heights(layer: Layer, down: float) -> list[tuple[float, bool]]:
    places = _places(layer)
    top = (len(places) - 1) / 2 * down
    return [(top - number * down, unit) for number, unit in enumerate(places)]


def _units(axes: Axes, layer: Layer, x: float, down: float, given: bool) -> None:
    from matplotlib.patches import Circle

    for y, unit in _heights(layer, down):
        if unit:
            axes.add_patch(
                Circle((x, y), 0.2, facecolor=PAPER, edgecolor=INK if given else BLUE, linewidth=1.1, zorder=3)
            )
        else:
            for offset in (-0.1, 0.0, 0.1):
                axes.add_patch(Circle((x, y + offset), 0.022, facecolor=INK, edgecolor="none", zorder=3))


def _connect(axes: Axes, one: Layer, other: Layer, left: float, right: float, down: float) -> None:
    from matplotlib.patches import FancyArrowPatch

    for start, from_unit in _heights(one, down):
        for end, to_unit in _heights(other, down):
            if from_unit and to_unit:
                axes.add_patch(
                    FancyArrowPatch(
                        (left, start),
                        (right, end),
                        arrowstyle="-|>",
                        mutation_scale=6,
                        shrinkA=0,
                        shrinkB=0,
                        linewidth=0.6,
                        color=FAINT,
                        zorder=1,
                    )
                )


@dataclass(frozen=True)
class Curve:
    """The loss over the epochs of one run."""

    label: str
    epochs: tuple[int, ...]
    losses: tuple[float, ...]


def draw_losses(curves: tuple[Curve, ...]) -> Drawing:
    """Loss over epochs, the loss on a logarithmic scale."""
    with _style():
        figure = _figure(5.2, 2.7)
        axes = figure.add_subplot()
        for curve, color, dashes in zip(curves, (BLUE, ORANGE), ("-", (0, (5, 2))), strict=False):
            axes.plot(curve.epochs, curve.losses, color=color, linestyle=dashes, linewidth=1.5, label=curve.label)
        axes.set_yscale("log")
        axes.set_xlabel("epochs")
        axes.set_ylabel("loss, summed over the examples")
        axes.set_xlim(0, max(curve.epochs[-1] for curve in curves))
        axes.grid(axis="y", color=FAINT, alpha=0.35, linewidth=0.5)
        axes.legend(loc="best")
        return _finished(figure)


def draw_surface(across: Matrix, up: Matrix, values: Matrix, points: Matrix, targets: Matrix) -> Drawing:
    """The prediction over the plane of two inputs, the line where it is a half, and the examples.

    Args:
        across: the first input of each column, n.
        up: the second input of each row, m.
        values: the prediction, m x n.
        points: the examples, 2 x k.
        targets: what is wanted for each, k.
    """
    with _style():
        figure = _figure(4.0, 3.1)
        axes = figure.add_subplot()
        levels = [number / 10 for number in range(11)]
        filled = axes.contourf(across, up, values, levels=levels, cmap="cividis", extend="both")
        if values.min() < 0.5 < values.max():
            axes.contour(across, up, values, levels=[0.5], colors="white", linewidths=1.4, linestyles="--")
        for value, marker, name in ((0, "o", "wanted: 0"), (1, "s", "wanted: 1")):
            chosen = targets == value
            face = "white" if value else "black"
            axes.plot(
                *points[:, chosen], marker, markersize=8, markerfacecolor=face, markeredgecolor="white" if not value else "black",
                linestyle="none", label=name, clip_on=False, zorder=4,
            )  # fmt: skip
        axes.set_xlabel("first input")
        axes.set_ylabel("second input")
        axes.set_xticks([0, 0.5, 1])
        axes.set_yticks([0, 0.5, 1])
        axes.set_aspect("equal")
        bar = figure.colorbar(filled, ax=axes, fraction=0.046, pad=0.04)
        bar.set_label("prediction")
        bar.set_ticks([0, 0.25, 0.5, 0.75, 1])
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=2, handletextpad=0.2, columnspacing=1.4)
        return _finished(figure)


def draw_share(share: float, low: float, high: float) -> Drawing:
    """A share as a bar from 0 to 100 %, with its confidence interval."""
    with _style():
        figure = _figure(5.2, 0.85)
        axes = figure.add_subplot()
        axes.barh([0], [1], color="none", edgecolor=INK, linewidth=0.7, height=0.5)
        axes.barh([0], [share], color=BLUE, alpha=0.75, height=0.5)
        # at 0 % and at 100 % one end of the interval is the share itself, up to rounding
        below, above = max(share - low, 0.0), max(high - share, 0.0)
        axes.errorbar([share], [0], xerr=[[below], [above]], color=INK, capsize=5, linewidth=1.4, capthick=1.4)
        axes.set_xlim(0, 1)
        axes.set_yticks([])
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
        axes.spines["left"].set_visible(False)
        return _finished(figure)
