"""Training with the emitted code, for the handout: one run that succeeds, one that does not, and how often either happens."""

from __future__ import annotations

from dataclasses import dataclass

from derive.theory import Theory
from numeric import Compiled, NotLowerable, compile  # noqa: A004
from numeric.data import Examples, xor
from numeric.starts import Starts, starts
from numeric.train import DataMismatch, Diverged, Training, train
from reports.handout.figures import Curve, Drawing, draw_losses, draw_share, draw_surface

EPOCHS, RATE, STARTS, TOLERANCE = 10_000, 0.1, 500, 0.1
_SEEDS = range(12)
_FINENESS = 121


@dataclass(frozen=True)
class Experiment:
    """What training showed. `good` ends within the tolerance of every target, `stuck` does not; either may not occur."""

    data: Examples
    good: Training | None
    stuck: Training | None
    share: Starts
    drawings: dict[str, Drawing]

    @property
    def shown(self) -> Training:
        """The run whose surface is drawn."""
        run = self.good or self.stuck
        assert run is not None
        return run


def lowered(theory: Theory) -> Compiled | str:
    """The theory as running code, or why there is none."""
    try:
        return compile(theory)
    except NotLowerable as error:
        return str(error)


def experiment(compiled: Compiled | str) -> Experiment | str:
    """The experiment with exclusive or; where the network cannot be given these data, why not."""
    if isinstance(compiled, str):
        return "it could not be lowered to code"
    data = xor()
    good: Training | None = None
    stuck: Training | None = None
    try:
        for seed in _SEEDS:
            run = train(compiled, data, epochs=EPOCHS, rate=RATE, seed=seed)
            if abs(run.predictions - data.targets).max() <= TOLERANCE:
                good = good or run
            else:
                stuck = stuck or run
            if good and stuck:
                break
        share = starts(compiled, data, STARTS, epochs=EPOCHS, rate=RATE, seed=0, tolerance=TOLERANCE)
    except (DataMismatch, Diverged) as error:
        return str(error)
    drawings = {"loss": draw_losses(_curves(good, stuck)), "starts": draw_share(share.share, *share.interval)}
    shown = good or stuck
    assert shown is not None
    drawings["surface"] = _surface(shown, data)
    return Experiment(data, good, stuck, share, drawings)


def _curves(good: Training | None, stuck: Training | None) -> tuple[Curve, ...]:
    found = []
    for run, what in ((good, "learns"), (stuck, "stays stuck")):
        if run is not None:
            found.append(Curve(f"seed {run.seed}: {what}", run.epochs, run.history))
    return tuple(found)


def _surface(run: Training, data: Examples) -> Drawing:
    """The prediction on a grid a little larger than the unit square."""
    import numpy as np

    axis = np.linspace(-0.25, 1.25, _FINENESS)
    across, up = np.meshgrid(axis, axis)
    grid = np.stack([across.ravel(), up.ravel()])
    compiled = run.compiled
    down = compiled.theory.batch is not None and compiled.program.inputs[0].shape[0] is compiled.theory.batch
    found = np.asarray(compiled.predict(dict(run.parameters), grid.T if down else grid))
    values = found.reshape(across.shape)
    return draw_surface(across, up, values, data.inputs, data.targets[0])
