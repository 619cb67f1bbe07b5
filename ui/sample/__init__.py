"""Sample: the two grids, the manifold and traversals."""
