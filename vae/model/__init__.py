"""The latent model p(z) p(x|z) with q(z|x), its draws, families, priors, objectives and gradient estimators."""

from vae.model.latent_model import Conditional, Draw, LatentModel, draw, from_prior

__all__ = ["Conditional", "Draw", "LatentModel", "draw", "from_prior"]
