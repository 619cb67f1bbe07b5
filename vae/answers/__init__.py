"""Computations for the pages: a pool of processes with torch, and the functions that it runs, one file per page."""
