"""Theory: the six chapters of the derivation."""
