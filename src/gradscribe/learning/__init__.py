"""Learning: data, runs of training with their reports, and the surface of the cost."""
