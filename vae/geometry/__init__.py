"""Curves through a latent space, and what they cross.

curves: lines and great circles; neighbours: codes near a point; attributes: directions between groups of codes
(these three are numpy alone, so that the app may use them); metric: what a step in z is worth, in pixels or under a
density; geodesic: the curve of least energy; density: the aggregate posterior of saved codes; kinds, routes: the paths
that pages offer. Nothing is imported here, since the parts that need torch are not for the app's process.
"""
