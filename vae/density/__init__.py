"""Densities of codes: the aggregate posterior, holes of the prior, densities fitted after training, and draws."""
