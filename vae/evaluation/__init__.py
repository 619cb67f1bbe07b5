"""Evaluation of a trained model; each number has a standard error.

importance: ELBO and L_K; quadrature: log p(x) and p(z|x) for d <= 2, posterior: p(z|x) on a grid; gaps: log p(x) - ELBO
in parts; information: MI, TC, dim-KL and the Barber-Agakov bounds; annealing: an independent log p(x) for any d; codes:
active units and probes; table: all of these. Further measurements for the diagnosis: baseline: the best model without
latents; calibration: sigma against residuals, probabilities against frequencies; width: the ELBO of a wider and a
narrower q.
"""

from vae.evaluation.annealing import Annealed, ais
from vae.evaluation.codes import ActiveUnits, active_units
from vae.evaluation.estimate import Estimate
from vae.evaluation.gaps import Refined, Split, refine, split
from vae.evaluation.importance import Bounds, Rung, bounds, evaluate
from vae.evaluation.information import Decomposition, InformationBounds, decomposition, information_bounds
from vae.evaluation.posterior import PosteriorGrid, posterior_grid
from vae.evaluation.quadrature import Exact, exact, log_px_grid
from vae.evaluation.table import Row, Sizes, measure

__all__ = [
    "ActiveUnits",
    "Annealed",
    "Bounds",
    "Decomposition",
    "Estimate",
    "Exact",
    "InformationBounds",
    "PosteriorGrid",
    "Refined",
    "Row",
    "Rung",
    "Sizes",
    "Split",
    "active_units",
    "ais",
    "bounds",
    "decomposition",
    "evaluate",
    "exact",
    "information_bounds",
    "log_px_grid",
    "measure",
    "posterior_grid",
    "refine",
    "split",
]
