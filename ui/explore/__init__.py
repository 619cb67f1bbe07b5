"""Explore: the map, what is laid over it, and the card that decodes."""
