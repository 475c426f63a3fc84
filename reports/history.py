"""A training run as JSON, for whoever plots it or compares it with another."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from numeric.diverged import Diverged
from numeric.train import Training


def history(run: Training | Diverged, title: str, settings: Mapping[str, Any]) -> bytes:
    """One object, a line for each of its keys: what was trained and how, the loss by epoch (null where it is no number),
    and why the run ended.

    >>> from derive.network import network
    >>> from numeric.data import xor
    >>> from numeric.train import train
    >>> found = msgspec.json.decode(history(train(network(), xor(), epochs=1), "page", {"rate": 0.1}))
    >>> sorted(found), found["epochs"]
    (['diverged', 'epochs', 'held_out', 'loss', 'settings', 'sizes', 'stopped', 'title', 'version'], [0, 1])
    """
    if isinstance(run, Diverged):
        rest = {"sizes": {}, "held_out": (), "stopped": str(run), "diverged": True}
    else:
        rest = {"sizes": dict(run.sizes), "held_out": run.held_out, "stopped": run.stopped, "diverged": False}
    content = {
        "version": 1,
        "title": title,
        "settings": dict(settings),
        "epochs": run.epochs,
        "loss": [value if isfinite(value) else None for value in run.history],
        **rest,
    }
    lines = (
        f"{msgspec.json.encode(key).decode()}: {msgspec.json.encode(value).decode()}" for key, value in content.items()
    )
    return ("{\n " + ",\n ".join(lines) + "\n}\n").encode()


def save_history(path: Path, run: Training | Diverged, title: str, settings: Mapping[str, Any]) -> None:
    path.write_bytes(history(run, title, settings))
