"""From a network's equations to those of its derivatives, by a few generic rules."""
