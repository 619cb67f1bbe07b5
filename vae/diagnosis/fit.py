"""Verdicts on the fit of a model's parts: the width of q, the prior and the codes, sigma and the residuals."""

from vae.diagnosis import limits
from vae.diagnosis.evidence import Evidence, Number
from vae.diagnosis.verdict import (
    AUTOENCODER,
    BEST,
    DECAY,
    ELBO,
    Absent,
    Finding,
    Remedy,
    Severity,
    Verdict,
    beta,
    healthy,
    scale,
    signed,
    weight,
    with_error,
)
from vae.spec import Spec


def posterior(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on q: whether its width is optimal, and the aggregate posterior has the prior's moments."""
    if not spec.probabilistic:
        return Absent(f"{AUTOENCODER}, so there is no width to judge.")
    if not spec.posterior_kind.scalable:
        return Absent(f"q is a {spec.posterior['kind']} here, which has no single width to scale.")
    found, of = evidence.width, scale(evidence)
    if found is None or of is None or evidence.codes is None:
        return None
    apart = _moments(spec, evidence)
    given = spec.posterior.get("sigma", "each")
    if not isinstance(given, str):
        return healthy(f"σ of q is fixed at {given:g}, so its width is not judged. {apart}")
    if found.slope is None:
        return healthy(f"q equals the prior, so its width changes nothing. {apart}")
    gain, c, slope = found.gain[found.best], found.factors[found.best], found.slope
    price = gain.value if gain.above(0) else 0.0
    would = f"With σ {c:g} times as wide the ELBO would be {with_error(gain)} higher."
    marks = {"note": limits.WIDTH_NOTE, "ill": limits.WIDTH_ILL}
    trade = (
        f"One more nat of rate saves {with_error(slope, 2, '')} nats of distortion; at the optimum of the ELBO it is 1."
    )
    if slope.above(limits.OVER):
        return Verdict(
            max(weight(price, of, **marks), Severity.NOTE),
            " ".join((trade, "q is too wide.", would, apart)),
            f"The encoder behaves as if β ≈ {slope.value:.1f}: it leaves out information that would save more "
            "distortion "
            "than it costs. Training again with β = 1 gains more than the width alone.",
            "over-regularised",
            _lower(spec),
        )
    if slope.below(limits.UNDER):
        severity = max(weight(price, of, **marks), Severity.NOTE)
        return Verdict(
            severity if slope.below(limits.UNDER_ILL) else Severity.NOTE,
            " ".join((trade, "q is too narrow.", would, apart)),
            f"The encoder behaves as if β ≈ {slope.value:.2f}: the rate is nearly free, so it spends nats that save no "
            "distortion, and the codes lie where the prior has no samples.",
            "under-regularised",
            (ELBO,),
        )
    return healthy(" ".join((trade, "The width of q is right.", apart)))


def _lower(spec: Spec) -> tuple[Remedy, ...]:
    weight_now = beta(spec)
    warm = {"kind": "elbo", "beta": {"schedule": "linear", "start": 0.0, "stop": 1.0, "steps": 2000}}
    later = Remedy("β from 0 to 1", "dimensions are used before their rate is penalised", {"objective": warm})
    return (ELBO, later) if weight_now is None or weight_now > 1 else (later,)


def _moments(spec: Spec, evidence: Evidence) -> str:
    """Compare the aggregate posterior's moments with the prior's, if that is N(0, I)."""
    assert evidence.codes is not None
    if not spec.standard_prior:
        return f"The prior {spec.other_prior}, so it is not compared with N(0, I)."
    codes = evidence.codes
    far = max(codes.sigma, key=lambda s: abs(s - 1))
    mean = max(codes.mean, key=abs)
    if abs(far - 1) <= limits.MOMENT and abs(mean) <= limits.MOMENT:
        means, deviations = f"{abs(mean):.2f}", f"{abs(far - 1):.2f}"
        return (
            f"The aggregate posterior has means within {means} of 0 and standard deviations within {deviations} of 1."
        )
    return f"The aggregate posterior is not N(0, I): one mean is {signed(mean)}, one standard deviation {signed(far)}."


def likelihood(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on the calibration of p(x|z)."""
    found, of = evidence.likelihood, scale(evidence)
    if not spec.likelihood_kind.spread and not spec.likelihood_kind.counted:
        return Absent("A continuous Bernoulli has no σ, and the frequency of grey pixels cannot be counted.")
    if found is None or of is None:
        return None
    if found.kind == "probability":
        return _reliability(spec, found.error or 0.0)
    assert found.predicted is not None and found.residual is not None
    ratio = found.residual.value / found.predicted.value
    says = f"σ is {signed(found.predicted.value, 3)}; the residuals have {with_error(found.residual, 3, '')}"
    if 1 / limits.RATIO <= ratio <= limits.RATIO:
        return healthy(f"{says}: a factor of {ratio:.2f}, so σ is right.")
    cost = found.cost
    if cost is None:
        severity = Severity.PROBLEM if not 0.5 <= ratio <= 2 else Severity.NOTE
    else:
        severity = weight(cost, of)
    small = ratio > 1
    given = not isinstance(spec.likelihood.get("sigma", "each"), str)
    remedies: tuple[Remedy, ...] = ()
    if given:
        learned = {**spec.likelihood, "sigma": "shared"}
        measured = {**spec.likelihood, "sigma": round(found.residual.value, 3)}
        remedies = (
            Remedy("Learn σ", "one σ for all pixels, fitted to the data", {"likelihood": learned}),
            Remedy(
                f"σ = {measured['sigma']:g}",
                "the standard deviation of the present residuals",
                {"likelihood": measured},
            ),
        )
    if severity == Severity.PASSED and cost is not None:
        return healthy(
            f"{says}: a factor of {ratio:.2f}, which costs {signed(cost, 1)} nats per image, which is little compared "
            "with the improvement by the latents."
        )
    says = f"{says}: σ is {ratio:.1f} times too small" if small else f"{says}: σ is {1 / ratio:.1f} times too large"
    return Verdict(
        severity,
        f"{says}." if cost is None else f"{says}, which costs {signed(cost, 1)} nats per image.",
        "With a σ that is too small, every error costs too much: the reconstruction dominates and the rate hardly "
        "matters, as if β were small. Samples have too little noise."
        if small
        else "With a σ that is too large, errors cost too little: hardly any information saves as much as it costs, as "
        "if β were large.",
        "sigma",
        remedies,
    )


def _reliability(spec: Spec, error: float) -> Verdict:
    if error < limits.ERROR_NOTE:
        return healthy(
            f"Predicted and observed frequencies of white pixels differ by {100 * error:.2f} percentage points on "
            "average."
        )
    return Verdict(
        Severity.PROBLEM if error >= limits.ERROR_ILL else Severity.NOTE,
        f"Pixel probabilities are off by {100 * error:.1f} percentage points on average.",
        "A decoder that is too certain has memorised its training images.",
        "probabilities",
        (BEST if spec.keep != "best" else DECAY,),
    )


def holes(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on holes: the prior's mass where there are no data."""
    if spec.probabilistic and spec.condition is not None and spec.condition.get("prior"):
        return Absent("Each label has its own prior, and this check is for one prior.")
    found = evidence.holes
    if found is None:
        return None
    share = found.share
    if found.kind == "ratio":
        says = f"{share.value:.1%} ± {share.se:.1%} of {found.source} lies in holes, where log q(z) − log p(z) < −2"
    else:
        # if q(z) is unreliable, isolated codes count as holes too: use the excess of the draws' share
        says = (
            f"{share.value:.1%} ± {share.se:.1%} of draws of {found.source} are far from every code (of draws of "
            f"q(z): {found.strays:.0%})"
        )
        share = share._replace(value=share.value - found.strays)
    if not share.above(limits.HOLES_NOTE):
        return healthy(f"{says}.")
    remedies = _fill(spec)
    if not spec.probabilistic:
        return Verdict(
            Severity.NOTE,
            f"{says}: the decoder was never trained at such points.",
            "An autoencoder does not keep its codes together, so points between them may decode to anything.",
            "holes",
            remedies,
        )
    return Verdict(
        Severity.PROBLEM if share.above(limits.HOLES_ILL) else Severity.NOTE,
        f"{says}: so many samples are decoded from places where no image was encoded.",
        "The prior and the aggregate posterior differ. The decoder was trained on the second and is sampled from the "
        "first.",
        "holes",
        remedies,
    )


def _fill(spec: Spec) -> tuple[Remedy, ...]:
    if not spec.probabilistic:
        changes = {
            "posterior": {"kind": "normal"},
            "prior": {"kind": "standard_normal"},
            "objective": {"kind": "elbo", "beta": 1.0},
            "terms": (),
        }
        return (Remedy("Make it a VAE", "a prior for its codes", changes),)
    found = []
    if name := spec.objective_kind.aggregate_weight:
        weight_now = spec.objective_kind.filled(spec.objective)[name]
        least = 100.0 if not isinstance(weight_now, int | float) or weight_now < 100 else 10.0 * weight_now
        objective = {**spec.objective, name: least}
        found.append(Remedy(f"MMD weight {least:g}", "the codes are pulled to the prior", {"objective": objective}))
    elif (weight_now := beta(spec)) is not None and weight_now < 1:
        found.append(ELBO)
    if spec.standard_prior and spec.condition is None and spec.objective_kind.bound:
        found.append(Remedy("Mixture prior", "a prior that is fitted to the codes", {"prior": {"kind": "mixture"}}))
        found.append(Remedy("VampPrior", "a mixture of approximate posteriors as prior", {"prior": {"kind": "vamp"}}))
    return tuple(found)


def significant(number: Number) -> float:
    """Return a difference if it is significant, else 0."""
    return number.value if number.above(0, limits.ERRORS) else 0.0
