"""From a page of notes to weights: the network that the example page describes is the network built by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import numeric
from derive.check import theory_of
from derive.network import network
from derive.readers import read
from numeric.data import xor
from numeric.train import train


def test_the_example_page_trains_like_the_network_built_by_hand(root: Path) -> None:
    page = numeric.compile(theory_of(read(root / "examples" / "backpropagation.md")))
    own = train(numeric.compile(network()), xor(), epochs=500, seed=2, rate=0.5)
    found = train(page, xor(), epochs=500, seed=2, rate=0.5)
    np.testing.assert_allclose(found.predictions, own.predictions, rtol=1e-12)
    assert not page.program.constants
