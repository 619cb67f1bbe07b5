"""Open: what people bring, what was found in it, and what they correct."""
