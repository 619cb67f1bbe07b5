"""Diagnose: the cards, their charts and their measurement."""
