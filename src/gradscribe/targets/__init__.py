"""Targets: which template, filled with what, written how."""
