"""Printers: the same expressions as Unicode text, LaTeX and Python."""
