"""Verdicts that compare a model: with no latents, PCA, its own log p(x), a better prior, and on new images."""

from vae.diagnosis import limits
from vae.diagnosis.classical import counterpart
from vae.diagnosis.evidence import Evidence
from vae.diagnosis.fit import significant
from vae.diagnosis.verdict import (
    AUTOENCODER,
    BEST,
    DECAY,
    Absent,
    Finding,
    Remedy,
    Severity,
    Verdict,
    healthy,
    scale,
    signed,
    weight,
    with_error,
    with_share,
)
from vae.spec import Spec

FEW_EFFECTIVE = 10  # effective samples below which L_K depends on one or two samples
GAP_NOTE, GAP_ILL = 0.25, 0.5  # share of the latents' gain: a gap concerns the estimate of log p(x), not the model


def bound(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on the bound against the best model without latents."""
    if not spec.probabilistic:
        return Absent(
            f"{AUTOENCODER}, so it has no ELBO and no bound on log p(x). Only its reconstructions are judged."
        )
    found = evidence.bound
    if found is None:
        return None
    worth = f"ELBO {with_error(found.elbo)}"
    loss = with_error(found.gain._replace(value=-found.gain.value))
    if found.gain.below(0):
        return Verdict(
            Severity.PROBLEM,
            f"{worth}: {loss} worse than the best model without latents.",
            "A model of independent pixels, fitted to the training images, predicts new images better. The checks "
            "below say what went wrong.",
            "worthless",
        )
    if not found.gain.above(0):
        return Verdict(
            Severity.PROBLEM,
            f"{worth}: no better than the best model without latents ({with_error(found.baseline)}).",
            "The latents do not improve the bound.",
            "worthless",
        )
    return healthy(f"{worth}: the latents improve it by {with_error(found.gain)} over the best model without latents.")


def surgery(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on the rate's decomposition, and on the gain from a better prior."""
    if not spec.probabilistic:
        return Absent(f"{AUTOENCODER}, so it has no rate to split.")
    if not spec.normal_posterior or spec.condition is not None:
        return Absent(
            "The rate can be split only for unconditional models whose q(z|x) is a Normal with independent dimensions."
        )
    found, of = evidence.surgery, scale(evidence)
    if found is None or of is None:
        return None
    wasted = found.total_correlation.value + found.dimension_kl.value
    error = (found.total_correlation.se**2 + found.dimension_kl.se**2) ** 0.5
    said = with_error(found.mutual_information)
    spent = f"Of {with_error(found.rate)} of rate over {found.rate.n:,} images, {said} say which image it is"
    if found.capped:
        spent = f"{spent} (of at most log N = {signed(found.cap)}, which grows with the number of images)"
    says = f"{spent}; {signed(wasted)} ± {error:.2f} nats are KL(q(z) ‖ p(z))"
    severity = weight(wasted, of) if wasted > limits.ERRORS * error else Severity.PASSED
    if severity == Severity.PASSED:
        return healthy(f"{says}, which a better prior would save.")
    remedies: tuple[Remedy, ...] = ()
    if spec.standard_prior and spec.objective_kind.bound:
        remedies = (Remedy("VampPrior", "a mixture of approximate posteriors as prior", {"prior": {"kind": "vamp"}}),)
    return Verdict(
        severity,
        f"{says}: spent only because the codes do not follow the prior.",
        "With q(z) as the prior, the ELBO would be higher by exactly this number (Hoffman & Johnson 2016).",
        "prior",
        remedies,
    )


def gap(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on the gap between the bound and log p(x)."""
    if not spec.probabilistic:
        return Absent(f"{AUTOENCODER}, so it has no bound whose gap could be measured.")
    found, of = evidence.gap, scale(evidence)
    if found is None or of is None:
        return None
    exactly = found.truth is not None
    low = str(found.k).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
    what = "log p(x)" if exactly else f"L{low} (itself a lower bound)"
    price = significant(found.gap)
    said = [with_share(f"The ELBO lies {with_error(found.gap)} below {what}", price, evidence)]
    if not exactly and found.ess < FEW_EFFECTIVE:
        said.append(f"The effective sample size is only {found.ess:.1f} of {found.k}, so log p(x) may be higher still.")
    if evidence.tails is not None and evidence.tails.heavy.above(limits.HEAVY):
        share_heavy, k = evidence.tails.heavy, evidence.tails.k
        said.append(
            f"For {share_heavy.value:.0%} ± {share_heavy.se:.0%} of the images, the K = {k:,} weights have too heavy "
            "a tail (Pareto k): there L_K is too low by more than its standard error."
        )
    severity = weight(price, of, GAP_NOTE, GAP_ILL)
    if severity == Severity.PASSED:
        return healthy(" ".join(said))
    remedies = []
    if spec.normal_posterior and spec.objective_kind.bound:
        remedies.append(Remedy("Full covariance", "ellipses in any direction", {"posterior": {"kind": "full_normal"}}))
        remedies.append(Remedy("Flow posterior", "posteriors of any shape", {"posterior": {"kind": "flow"}}))
    if spec.objective_kind.bound and spec.objective_kind.samples == 1:
        objective = {"objective": {"kind": "iwae"}, "samples": 5}
        remedies.append(Remedy("IWAE, K = 5", "a tighter bound as objective", objective))
    return Verdict(
        severity,
        " ".join(said),
        "q(z|x) differs from the true posterior: its family cannot match it (a tilted, bent or two-part shape), or the "
        "encoder does not find the best member of the family.",
        "loose",
        tuple(remedies),
    )


def reconstruction(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on reconstruction: the worst class, and the comparison with a classical method."""
    found = evidence.reconstruction
    if found is None:
        return None
    d = spec.latent
    says = (
        f"{counterpart(spec)} leaves a squared error of {with_error(found.classical, 2, '')} per image, this model "
        f"{with_error(found.error, 2, '')}"
    )
    if found.saved.below(-limits.CLASSICAL * found.variance.value):
        return Verdict(
            Severity.PROBLEM,
            f"{says}: a classical method does better.",
            "Either the code carries too little information, or the decoder does not use it.",
            "classical",
            (Remedy("Learning rate / 3", "smaller steps", _slower(spec)),) if _slower(spec) else (),
        )
    worst = max(found.classes, key=lambda name: found.classes[name].value, default="")
    if worst and found.classes[worst].value > 0:
        number = found.classes[worst]
        times = number.value / found.distortion.value if found.distortion.value > 0 else 0.0
        says = f"Worst is class {worst}: {with_error(number)}, {times:.2f} times the mean. {says}" if times else says
        if times >= limits.CLASS:
            return Verdict(
                Severity.NOTE,
                f"{says}.",
                "This class is rare, or it varies more than the latent dimensions can encode.",
                "class",
                (
                    Remedy(
                        f"{d + 1} latents",
                        "one more dimension for the differences within this class",
                        {"latent": d + 1},
                    ),
                ),
            )
    return healthy(f"{says}.")


def _slower(spec: Spec) -> dict[str, object]:
    rate = spec.learning_rate
    if isinstance(rate, int | float):
        return {"learning_rate": rate / 3}
    return {"learning_rate": {**rate, "start": rate["start"] / 3, "stop": rate["stop"] / 3}}


def overfitting(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on overfitting: the ELBO on training and on held-out images."""
    found, of = evidence.overfitting, scale(evidence)
    if found is None or of is None:
        return None
    what = "ELBO" if spec.probabilistic else "−distortion"
    train, difference = with_error(found.train), with_error(found.difference)
    says = f"The {what} of training images is {train}; on new images it differs by {difference}"
    price = significant(found.difference)
    severity = weight(price, of)
    if severity == Severity.PASSED:
        return healthy(with_share(says, price, evidence) if price else f"{says}, within three standard errors.")
    remedies = [DECAY]
    if spec.size is not None:
        remedies.insert(0, Remedy("All the data", f"instead of {spec.size:,} examples", {"size": None}))
    if spec.keep != "best":
        remedies.insert(0, BEST)
    if spec.encoder.get("widths"):
        halved = {**spec.encoder, "widths": [max(1, w // 2) for w in spec.encoder["widths"]]}
        remedies.append(Remedy("Half the widths", "less capacity to memorise", {"encoder": halved}))
    return Verdict(
        severity,
        with_share(says, price, evidence),
        "The model has memorised details of its training images.",
        "overfitted",
        tuple(remedies),
    )
