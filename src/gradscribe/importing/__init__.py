"""Trained models of other libraries as networks: their layers, never their code."""
