"""One description of a neural network becomes formulas, code and numbers that cannot disagree."""

__version__ = "0.1.0"
