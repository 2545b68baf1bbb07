"""Learning with what was derived: data, methods that lower a cost, runs, and its surface."""
