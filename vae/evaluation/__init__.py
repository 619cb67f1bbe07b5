"""What a trained model is worth, each number with its standard error.

importance: ELBO and L_K; quadrature: log p(x) and p(z|x) for d <= 2; gaps: what separates them; information: MI, TC,
dim-KL and the Barber-Agakov bounds; annealing: an independent log p(x) for any d; codes: what representations hold;
table: all of it.
"""

from vae.evaluation.estimate import Estimate
from vae.evaluation.importance import Bounds, Rung, bounds, evaluate
from vae.evaluation.quadrature import Exact, PosteriorGrid, exact, log_px_grid, posterior_grid

__all__ = [
    "Bounds",
    "Estimate",
    "Exact",
    "PosteriorGrid",
    "Rung",
    "bounds",
    "evaluate",
    "exact",
    "log_px_grid",
    "posterior_grid",
]
