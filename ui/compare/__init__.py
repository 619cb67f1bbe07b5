"""Compare: linked maps of two to four models."""
