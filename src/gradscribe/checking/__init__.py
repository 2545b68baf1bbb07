"""The proof: cost, sensitivities and gradient against oracles that share no code with them."""
