"""A correct network of three layers, sigmoid, sigmoid, linear, with mse, written by hand."""

from typing import NamedTuple

import numpy as np


class Parameters(NamedTuple):
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray
    W3: np.ndarray
    b3: np.ndarray


def f(u):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-u))


def forward(params, X):
    y1 = f(X @ params.W1.T + params.b1)
    y2 = f(y1 @ params.W2.T + params.b2)
    return y1, y2, y2 @ params.W3.T + params.b3


def cost(params, X, D):
    e = D - forward(params, X)[-1]
    return np.sum(e**2) / e.size


def gradient(params, X, D):
    y1, y2, y3 = forward(params, X)
    factor = 1 / D.size
    delta3 = -2 * (D - y3)
    delta2 = y2 * (1 - y2) * (delta3 @ params.W3)
    delta1 = y1 * (1 - y1) * (delta2 @ params.W2)
    W1, b1 = delta1.T @ X, delta1.sum(axis=0)
    W2, b2 = delta2.T @ y1, delta2.sum(axis=0)
    W3, b3 = delta3.T @ y2, delta3.sum(axis=0)
    return Parameters(*(factor * g for g in (W1, b1, W2, b2, W3, b3)))
