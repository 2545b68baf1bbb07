"""The derivation as a lecture: frames of ordered formulas, every one of which can be evaluated."""
