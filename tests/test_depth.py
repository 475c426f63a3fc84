"""Pages about deep networks: every claim about every layer is settled, and a mistake in one layer is found."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.depth import page
from derive.check import check_documents, read_text


def verdicts(text: str) -> Counter[str]:
    report = check_documents([read_text(text)])
    return Counter(formula.verdict.value for formula in report.documents[0].formulas if formula.display)


@pytest.mark.parametrize("layers", [1, 2, 5, 24])
def test_all_claims_of_a_deep_network_are_proved(layers: int) -> None:
    assert verdicts(page(layers)) == {"defined": 2 * layers + 1, "proved": 3 * layers}


def test_a_wrong_layer_is_found() -> None:
    right = r"\frac{\partial L}{\partial W^{(3)}} = \delta^{(3)} (a^{(2)})^T"
    text = page(6)
    assert text.count(right) == 1
    found = verdicts(text.replace(right, right.replace("a^{(2)}", "a^{(3)}")))
    assert found == {"defined": 13, "proved": 17, "refuted": 1}
