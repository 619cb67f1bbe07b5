"""Lessons over the real pages: YAML files, their form, and the band that plays them."""
