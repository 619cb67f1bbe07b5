"""Diagnose: the ten cards, their charts and their measurement."""
