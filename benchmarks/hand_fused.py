"""Exclusive or by two sigmoid neurons and one, squared error, full batch: the loop that a person fuses by hand.

It is the limit that the emitted kernel is held against: every number a variable, nothing stored, one pass over the examples.
"""

from __future__ import annotations

import math

import numba


@numba.njit
def train(W1, b1, W2, b2, X, y, rate, epochs):  # type: ignore[no-untyped-def]
    """Plain descent; the parameters change in place."""
    w00, w01, w10, w11 = W1[0, 0], W1[0, 1], W1[1, 0], W1[1, 1]
    c0, c1 = b1[0, 0], b1[1, 0]
    v0, v1, d = W2[0, 0], W2[0, 1], b2[0, 0]
    for _ in range(epochs):
        g00 = g01 = g10 = g11 = h0 = h1 = u0 = u1 = e = 0.0
        for n in range(X.shape[1]):
            x0, x1 = X[0, n], X[1, n]
            a0 = 1.0 / (1.0 + math.exp(-(w00 * x0 + w01 * x1 + c0)))
            a1 = 1.0 / (1.0 + math.exp(-(w10 * x0 + w11 * x1 + c1)))
            p = 1.0 / (1.0 + math.exp(-(v0 * a0 + v1 * a1 + d)))
            last = (p - y[0, n]) * p * (1.0 - p)
            u0 += last * a0
            u1 += last * a1
            e += last
            first0 = last * v0 * a0 * (1.0 - a0)
            first1 = last * v1 * a1 * (1.0 - a1)
            g00 += first0 * x0
            g01 += first0 * x1
            g10 += first1 * x0
            g11 += first1 * x1
            h0 += first0
            h1 += first1
        w00 -= rate * g00
        w01 -= rate * g01
        w10 -= rate * g10
        w11 -= rate * g11
        c0 -= rate * h0
        c1 -= rate * h1
        v0 -= rate * u0
        v1 -= rate * u1
        d -= rate * e
    W1[0, 0], W1[0, 1], W1[1, 0], W1[1, 1] = w00, w01, w10, w11
    b1[0, 0], b1[1, 0] = c0, c1
    W2[0, 0], W2[0, 1], b2[0, 0] = v0, v1, d
