"""The objectives that training maximises."""

from vae.spec.choices.shared import weight
from vae.spec.fields import Scalar
from vae.spec.kinds import REPARAMETRISED, Notation, Objective

_BY_DIMENSION = r"\mathbb{E}_x\, \mathrm{KL}(q(z_j|x) \,\|\, p(z_j))"
_TOTAL_CORRELATION = r"\mathrm{KL}(q(z) \,\|\, \textstyle\prod_j q(z_j))"


def beta(sentence: str, default: float, usual: tuple[float, ...]) -> Scalar:
    """Return the option for beta, the weight of the rate; it can be a schedule."""
    return Scalar("β", sentence, default, 0, 1e4, usual, r"\beta", scheduled=True)


def _importance_weighted(of: Notation) -> str:
    weights = rf"\frac{{1}}{{{of.k}}} \sum_{{k=1}}^{{{of.k}}} \frac{{p(x|z_k)\, p(z_k)}}{{q(z_k|x)}}"
    return rf"\mathbb{{E}}_{{z_k \sim q}}\left[\log {weights}\right],\quad {of.model}"


def _free_bits(of: Notation) -> str:
    where = rf",\quad q(z|x) = {of.q},\ p(z) = {of.p}"
    return rf"{of.fit} - \textstyle\sum_j \max({of.number('floor')},\, {_BY_DIMENSION}){where}"


def _mmd(of: Notation) -> str:
    distance = rf"\mathrm{{MMD}}^2(q(z),\, {of.p})"
    return of.fit + of.minus(of.number("beta"), of.rate) + of.minus(of.number("weight"), distance)


OBJECTIVES = {
    "elbo": Objective(
        "ELBO",
        "Distortion plus β times the rate, minimised; a bound on log p(x) for β ≥ 1.",
        "vae.model.objectives:elbo",
        {
            "beta": beta(
                "Price of the rate. β = 1 gives the ELBO; a larger β compresses more; a smaller β reconstructs better.",
                1.0,
                (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0),
            )
        },
        formula=lambda of: of.fit + of.minus(of.number("beta"), of.rate),
        bound=True,
    ),
    "iwae": Objective(
        "Importance-weighted bound",
        "A bound that gets tighter with more samples K; the decoder's work grows with K.",
        "vae.model.objectives:iwae",
        formula=_importance_weighted,
        # without "stl": it drops the score, whose mean is not 0 under importance weights (Tucker et al. 2019)
        paths=("reparametrised", "reparametrised-mc", "dreg", "score"),
        samples=5,
        bound=True,
    ),
    "capacity": Objective(
        "Capacity",
        "The rate is pulled to a set number of nats, which usually rises during training.",
        "vae.model.objectives:capacity",
        {
            "gamma": Scalar(
                "γ", "Price of one nat of difference between rate and capacity.",
                30.0, 0, 1e6, (1.0, 10.0, 30.0, 100.0, 1000.0), r"\gamma", scheduled=True,
            ),
            "capacity": Scalar(
                "Capacity C", "The target of the rate, in nats.",
                5.0, 0, 1e4, (0.0, 1.0, 2.0, 5.0, 10.0, 25.0), "C", scheduled=True,
            ),
        },
        formula=lambda of: (
            of.fit + of.minus(of.number("gamma"), rf"\left|{of.rate} - {of.number('capacity')}\right|")
        ),
        # the absolute value of a noisy rate has another mean, so it would be another objective
        needs=("density", "closed_rate"),
        asked_rate="capacity",
    ),
    "free_bits": Objective(
        "Free bits",
        "The first nats of every dimension are free, so that no dimension collapses early.",
        "vae.model.objectives:free_bits",
        {
            "floor": Scalar(
                "Free nats λ", "How many nats of every dimension are free.",
                0.25, 0, 100, (0.0, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0), r"\lambda", scheduled=True,
            )
        },
        formula=_free_bits,
        needs=("density", "factorised_posterior", "factorised_prior", "closed_rate"),
        paths=("reparametrised",),
        couples_batch=True,
    ),
    "tc": Objective(
        "Total correlation",
        "The ELBO with an extra penalty on the total correlation of the latent dimensions.",
        "vae.model.objectives:tc",
        {
            "beta": beta(
                "Price of one nat of total correlation; 1 gives the ELBO.", 4.0, (0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 16.0)
            )
        },
        formula=lambda of: of.fit + of.minus("1", of.rate) + of.minus(f"({of.number('beta')} - 1)", _TOTAL_CORRELATION),
        needs=("density", "factorised_posterior"),
        paths=REPARAMETRISED,
        couples_batch=True,
    ),
    "mmd": Objective(
        "Maximum mean discrepancy",
        "The aggregate posterior has to match the prior; single posteriors need not.",
        "vae.model.objectives:mmd",
        {
            "weight": weight(
                "Weight of the distance between codes and prior.", 100.0, (1.0, 10.0, 30.0, 100.0, 1000.0), "λ"
            ),
            "beta": beta("Price of one nat of rate, in addition.", 0.0, (0.0, 0.1, 0.25, 0.5, 1.0)),
        },
        formula=_mmd,
        needs=("density", "reparametrised_prior"),
        paths=REPARAMETRISED,
        couples_batch=True,
        aggregate_weight="weight",
    ),
    "reconstruction": Objective(
        "Reconstruction",
        "Only the reconstruction term; the rate is not penalised.",
        "vae.model.objectives:reconstruction",
        needs=(),
    ),
}  # fmt: skip
