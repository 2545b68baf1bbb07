"""Learning with what was derived: the cost of a module on data, and methods that lower it."""
