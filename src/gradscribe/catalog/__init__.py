"""Tables of what a network can be made of: formulas only, no derivative."""
