"""The gradient paths: the estimators of a bound's gradient with respect to q(z|x)."""

from vae.spec.kinds import GradientPath

PATHS = {
    "reparametrised": GradientPath(
        "Reparametrised",
        "z = μ + σε: the gradient flows through z into the encoder.",
        "vae.model.estimators:REPARAMETRISED",
        density=False,
    ),
    "reparametrised-mc": GradientPath(
        "Reparametrised, sampled rate",
        "The same, and the gradient of the rate is sampled too.",
        "vae.model.estimators:SAMPLED_RATE",
    ),
    "stl": GradientPath(
        "Sticking the landing",
        "Leaves out a term with mean 0; the gradient has no noise at the exact posterior.",
        "vae.model.estimators:STICKING_THE_LANDING",
    ),
    "dreg": GradientPath(
        "Doubly reparametrised",
        "The same for importance-weighted bounds, with corrected weights.",
        "vae.model.estimators:DOUBLY_REPARAMETRISED",
    ),
    "score": GradientPath(
        "Score function",
        "Needs no gradient through z, but at least two samples; noisier.",
        "vae.model.estimators:SCORE_FUNCTION",
        least=2,
    ),
}
