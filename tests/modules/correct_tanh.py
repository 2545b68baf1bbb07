"""A correct network 'tanh,linear mse' of two layers, written by hand."""

from typing import NamedTuple

import numpy as np


class Parameters(NamedTuple):
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray


def forward(params, X):
    y1 = np.tanh(X @ params.W1.T + params.b1)
    return y1, y1 @ params.W2.T + params.b2


def cost(params, X, D):
    e = D - forward(params, X)[1]
    return np.sum(e**2) / e.size


def gradient(params, X, D):
    y1, y2 = forward(params, X)
    delta2 = -2 * (D - y2) / D.size
    delta1 = (1 - y1**2) * (delta2 @ params.W2)
    return Parameters(delta1.T @ X, delta1.sum(axis=0), delta2.T @ y1, delta2.sum(axis=0))
