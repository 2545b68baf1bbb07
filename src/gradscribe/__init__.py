"""One description of a neural network becomes formulas, code and numbers that cannot disagree."""
