"""Generated claims, true and false: no verdict may contradict the oracle, and few may be left open.

Every run prints its seed in its header, and is repeated with the environment variable `GRADPROOF_SEED`.
"""

from __future__ import annotations

import os

import pytest

from benchmarks.soundness.documents import FURTHER, KINDS, document
from benchmarks.soundness.judged import Judged, judge

DOCUMENTS = 39
SEED = int(os.environ["GRADPROOF_SEED"])
"""Set in conftest.py."""


@pytest.fixture(scope="module")
def claims() -> list[Judged]:
    return [each for seed in range(SEED, SEED + DOCUMENTS) for each in judge(seed)]


@pytest.mark.timeout(300)
def test_no_verdict_contradicts_the_oracle(claims: list[Judged]) -> None:
    wrong = [f"document {each.seed}: {each.claim.latex}: {each.verdict}" for each in claims if each.wrong]
    assert not wrong, f"GRADPROOF_SEED={SEED}\n" + "\n".join(wrong)


@pytest.mark.timeout(300)
def test_few_claims_are_left_open(claims: list[Judged]) -> None:
    """Of many claims 3 % at most; of these few, by chance a little more."""
    left = [f"document {each.seed}: {each.claim.latex}: {each.reason}" for each in claims if not each.right]
    assert len(left) <= 0.08 * len(claims), f"GRADPROOF_SEED={SEED}\n" + "\n".join(left)


def test_documents_hold_true_and_false_claims_of_every_kind(claims: list[Judged]) -> None:
    assert len(claims) >= 200
    assert {each.kind for each in claims} == {document(seed).kind for seed in range(len(KINDS) + len(FURTHER))}
    false = [each for each in claims if not each.claim.true]
    assert 0.15 * len(claims) <= len(false) <= 0.6 * len(claims)
    assert all(each.claim.mistake for each in false)


def test_a_seed_gives_one_document() -> None:
    assert document(11) == document(11)
    assert document(11).text != document(24).text
