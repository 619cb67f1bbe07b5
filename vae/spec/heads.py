"""What each name of a spec stands for, without torch: shapes, formulas and defaults that the app reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LEVELS = 255  # the largest value of an 8-bit pixel
LOG_SIGMA_RANGE = (-9.0, 9.0)  # within it a log sigma is what the network says, outside it bends to a bound
FLOW_CONTEXT = 8  # numbers the encoder tells a flow posterior's couplings beyond mean and sigma


@dataclass(frozen=True)
class Head:
    """What one family makes of a network's raw output [parts * C + extra, ...], the locations first.

    `mean` is the formula of what is shown: "sigmoid" | "continuous_bernoulli" | "identity", which the browser's decoder
    knows. The identity is the mean of Normal and Laplace, and the location of the discretised logistic: its mean before
    rounding and, rounded, its median. `spread` and `power` are how its scale is written.
    """

    parts: int
    mean: str
    symbol: str
    spread: str = ""
    power: str = ""
    extra: int = 0
    likelihood: bool = False  # can be p(x|z)
    posterior: bool = False  # can be q(z|x)
    density: bool = True  # has one: else there is no rate and no bound
    factorised: bool = True  # over dimensions
    closed: bool = False  # its rate against a Normal prior is a closed form
    codebook: bool = False  # its points are those of a codebook
    bits: bool = False  # a probability of grey levels, so that bits per dimension mean something

    def width(self, n: int) -> int:
        """Return how many channels of raw output an event with n of them takes."""
        return self.parts * n + self.extra


def heads(family: Mapping[str, Any], n: int = 1) -> dict[str, Head]:
    """Return every family's description, given one's options and its event's first axis n."""
    parts = 2 if family.get("sigma", "each") == "each" else 1
    context, below = family.get("context", FLOW_CONTEXT), n * (n - 1) // 2
    normal, grey = r"\mathcal{N}", r"\mathrm{DLogistic}"
    return {
        "bernoulli": Head(1, "sigmoid", r"\mathrm{Bernoulli}", likelihood=True),
        "continuous_bernoulli": Head(1, "continuous_bernoulli", r"\mathcal{CB}", likelihood=True),
        "discretised_logistic": Head(parts, "identity", grey, "s", likelihood=True, bits=True),
        "normal": Head(parts, "identity", normal, r"\sigma", "^2", likelihood=True, posterior=True, closed=True),
        "laplace": Head(parts, "identity", r"\mathrm{Laplace}", "b", likelihood=True, posterior=True, closed=True),
        "full_normal": Head(2, "identity", normal, r"\Sigma", "", below, posterior=True, factorised=False, closed=True),
        "flow": Head(2, "identity", r"\mathrm{Flow}", r"\sigma", "^2", context, posterior=True, factorised=False),
        "delta": Head(1, "identity", r"\delta", posterior=True, density=False),
        "quantised": Head(1, "identity", r"\delta", posterior=True, density=False, codebook=True),
    }


@dataclass(frozen=True)
class PriorHead:
    """What a prior is: its symbol, and whether it is a Normal that factorises, and its samples carry a gradient."""

    symbol: str
    factorised: bool = False
    reparametrised: bool = True


PRIORS = {
    "standard_normal": PriorHead(r"\mathcal{N}(0, I)", factorised=True),
    "mixture": PriorHead(r"\textstyle\sum_c w_c\, \mathcal{N}(m_c, s_c^2)", reparametrised=False),
    "vamp": PriorHead(r"\textstyle\frac{1}{C} \sum_c q_\phi(\cdot|u_c)", reparametrised=False),
    "flow": PriorHead(r"\mathrm{Flow}_\theta"),
}

ANY_PATH = ("reparametrised", "reparametrised-mc", "stl", "dreg", "score")
REPARAMETRISED = ("reparametrised", "reparametrised-mc")


@dataclass(frozen=True)
class Climb:
    """An objective or an additive term: the defaults of its numbers, which may all be schedules, what it needs (see
    compose.NEEDS), the gradient paths it can take, and whether it compares a batch's examples with each other."""

    numbers: dict[str, float] = field(default_factory=dict)
    needs: tuple[str, ...] = ("density",)
    paths: tuple[str, ...] = ANY_PATH
    couples_batch: bool = False


OBJECTIVES = {
    "reconstruction": Climb(needs=()),
    "elbo": Climb({"beta": 1.0}),
    # sticking the landing drops a score that has no zero mean beside weights of z: biased here (Tucker et al. 2019)
    "iwae": Climb(paths=("reparametrised", "reparametrised-mc", "dreg", "score")),
    # the modulus of a noisy rate would be another objective
    "capacity": Climb({"gamma": 30.0, "capacity": 5.0}, ("density", "closed_rate")),
    "free_bits": Climb(
        {"floor": 0.25}, ("density", "factorised_posterior", "factorised_prior"), ("reparametrised",), True
    ),
    "tc": Climb({"beta": 4.0}, ("density", "factorised_posterior"), REPARAMETRISED, True),
    "mmd": Climb({"weight": 100.0, "beta": 0.0}, ("density", "reparametrised_prior"), REPARAMETRISED, True),
}
TERMS = {
    "jacobian": Climb({"weight": 0.1}, ()),
    "sparsity": Climb({"weight": 1.0}, ()),
    "codebook": Climb({"weight": 1.0}, ("codebook",)),
    "commitment": Climb({"weight": 0.25}, ("codebook",)),
}


@dataclass(frozen=True)
class PathHead:
    """What a gradient path needs: a posterior with a density, and so many samples."""

    density: bool = True
    least: int = 1


PATHS = {
    "reparametrised": PathHead(density=False),
    "reparametrised-mc": PathHead(),
    "stl": PathHead(),
    "dreg": PathHead(),
    "score": PathHead(least=2),
}
