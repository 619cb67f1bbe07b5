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
        "The same, with the rate's gradient by sampling too.",
        "vae.model.estimators:SAMPLED_RATE",
    ),
    "stl": GradientPath(
        "Sticking the landing",
        "Leaves out a part that is zero in the mean: no noise at the exact posterior.",
        "vae.model.estimators:STICKING_THE_LANDING",
    ),
    "dreg": GradientPath(
        "Doubly reparametrised",
        "The same for importance-weighted bounds, whose samples it weighs anew.",
        "vae.model.estimators:DOUBLY_REPARAMETRISED",
    ),
    "score": GradientPath(
        "Score function",
        "Needs no gradient through z, only two samples or more; noisier.",
        "vae.model.estimators:SCORE_FUNCTION",
        least=2,
    ),
}
