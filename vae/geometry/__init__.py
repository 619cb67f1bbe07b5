"""Geometry of the latent space: curves, metrics, planes, maps and directions.

curves: lines and great circles; neighbours: codes near a point; attributes: directions between groups of codes
(these three need only numpy, so that the app can use them); metric: the length of a step in z, in pixels or under a
density; geodesic: the curve of least energy; kinds, routes: the paths that pages offer. This file imports nothing,
because the app process must not load the parts that need torch.
"""
