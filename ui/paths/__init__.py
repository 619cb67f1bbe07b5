"""Paths: waypoints, frames, attribute vectors and files."""
