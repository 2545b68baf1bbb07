"""From what the user says to the ordered list of a network's equations for one sample."""
