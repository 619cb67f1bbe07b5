"""Verdicts that compare a model: with no latents, PCA, its own log p(x), a better prior, and on new images."""

from vae.diagnosis import limits
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
    share,
    signed,
    weight,
    with_error,
)
from vae.spec import Spec

FEW_EFFECTIVE = 10  # effective samples below which L_K depends on one or two samples
GAP_NOTE, GAP_ILL = 0.25, 0.5  # share of the latents' gain: a gap concerns the estimate of log p(x), not the model


def bound(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on the bound against the best model without latents."""
    if not spec.probabilistic:
        return Absent(f"{AUTOENCODER}, so no ELBO and no bound on log p(x): its numbers are its reconstructions'.")
    found = evidence.bound
    if found is None:
        return None
    worth = f"ELBO {with_error(found.elbo)}"
    loss = with_error(found.gain._replace(value=-found.gain.value))
    if found.gain.below(0):
        return Verdict(
            Severity.ILL,
            f"{worth}: {loss} worse than the best model without latents.",
            "Each pixel by itself, fitted to the training images, says more of new ones than this model does. The "
            "cards below say what went wrong.",
            "worthless",
        )
    if not found.gain.above(0):
        return Verdict(
            Severity.ILL,
            f"{worth}: no better than the best model without latents ({with_error(found.baseline)}).",
            "Whatever the latents carry, it does not pay.",
            "worthless",
        )
    return healthy(f"{worth}: the latents buy {with_error(found.gain)} over the best model without any.")


def surgery(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on the rate's decomposition, and on the gain from a better prior."""
    if not spec.probabilistic:
        return Absent(f"{AUTOENCODER}, so no rate that could be taken apart.")
    if not spec.normal_posterior or spec.condition is not None:
        return Absent(
            "The rate is taken apart where q(z|x) is a Normal with independent dimensions and no label is told."
        )
    found, of = evidence.surgery, scale(evidence)
    if found is None or of is None:
        return None
    wasted = found.total_correlation.value + found.dimension_kl.value
    error = (found.total_correlation.se**2 + found.dimension_kl.se**2) ** 0.5
    said = with_error(found.mutual_information)
    spent = f"Of {with_error(found.rate)} of rate over {found.rate.n:,} images, {said} say which image it is"
    full = f" (of at most log N = {signed(found.cap)}: over more images it would be more)" if found.capped else ""
    rest = f"{signed(wasted)} ± {error:.2f} nats are KL(q(z) ‖ p(z))"
    severity = weight(wasted, of) if wasted > limits.ERRORS * error else Severity.HEALTHY
    if severity == Severity.HEALTHY:
        return healthy(f"{spent}{full}; {rest}, which a better prior would save.")
    remedies: tuple[Remedy, ...] = ()
    if spec.standard_prior and spec.objective_kind.bound:
        remedies = (Remedy("VampPrior", "a prior made of posteriors", {"prior": {"kind": "vamp"}}),)
    return Verdict(
        severity,
        f"{spent}{full}; {rest}: paid for nothing but that the codes are not where the prior is.",
        "With the prior replaced by q(z) itself the ELBO would be higher by exactly that (Hoffman & Johnson 2016).",
        "prior",
        remedies,
    )


def gap(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on the gap between the bound and log p(x)."""
    if not spec.probabilistic:
        return Absent(f"{AUTOENCODER}, so no bound that could be tight or loose.")
    found, of = evidence.gap, scale(evidence)
    if found is None or of is None:
        return None
    exactly = found.truth is not None
    low = str(found.k).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
    what = "log p(x)" if exactly else f"L{low} (itself a lower bound)"
    says = f"The ELBO lies {with_error(found.gap)} below {what}"
    few = ""
    if not exactly and found.ess < FEW_EFFECTIVE:
        few = f" Only {found.ess:.1f} of {found.k} samples are effective: the truth lies higher still."
    if evidence.tails is not None and evidence.tails.heavy.above(limits.HEAVY):
        share_heavy, k = evidence.tails.heavy, evidence.tails.k
        few += (
            f" For {share_heavy.value:.0%} ± {share_heavy.se:.0%} of the images, the K = {k:,} weights have too heavy "
            "a tail (Pareto k): there L_K is too low by more than its error says."
        )
    price = significant(found.gap)
    severity = weight(price, of, GAP_NOTE, GAP_ILL)
    if severity == Severity.HEALTHY:
        return healthy(f"{says}{share(price, evidence)}.{few}")
    remedies = []
    if spec.normal_posterior and spec.objective_kind.bound:
        remedies.append(Remedy("Full covariance", "ellipses may tilt", {"posterior": {"kind": "full_normal"}}))
        remedies.append(Remedy("Flow posterior", "posteriors may bend", {"posterior": {"kind": "flow"}}))
    if spec.objective_kind.bound and spec.objective_kind.samples == 1:
        objective = {"objective": {"kind": "iwae"}, "samples": 5}
        remedies.append(Remedy("IWAE, K = 5", "a tighter bound to climb", objective))
    return Verdict(
        severity,
        f"{says}{share(price, evidence)}.{few}",
        "q(z|x) is not the posterior: its family cannot be (tilted, bent, in two pieces), or the encoder does not find "
        "the best of it.",
        "loose",
        tuple(remedies),
    )


def reconstruction(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on reconstruction: the worst class, and the comparison with PCA."""
    found = evidence.reconstruction
    if found is None:
        return None
    d = spec.latent
    than = f"PCA with {d} axes leaves {with_error(found.pca, 2, '')} of squared error an image"
    mine = f"this model {with_error(found.error, 2, '')}"
    if found.saved.below(-limits.LINEAR * found.pca.value):
        return Verdict(
            Severity.ILL,
            f"{than}, {mine}: a linear map does better.",
            "Either the code says less than it could, or the decoder does not read it.",
            "linear",
            (Remedy("Learning rate / 3", "and the epochs to go with it", _slower(spec)),) if _slower(spec) else (),
        )
    says = f"{than}, {mine}"
    worst = max(found.classes, key=lambda name: found.classes[name].value, default="")
    if worst and found.classes[worst].value > 0:
        number = found.classes[worst]
        times = number.value / found.distortion.value if found.distortion.value > 0 else 0.0
        says = f"Worst is class {worst}: {with_error(number)}, {times:.2f} times the mean. {says}" if times else says
        if times >= limits.CLASS:
            return Verdict(
                Severity.NOTE,
                f"{says}.",
                "One class takes more than its share: rarer, or more varied than the latents have room for.",
                "class",
                (Remedy(f"{d + 1} latents", "room for what sets its images apart", {"latent": d + 1}),),
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
    says = f"The {what} of training images is {with_error(found.train)}, and that of new ones"
    apart = f"{with_error(found.difference)} apart"
    price = significant(found.difference)
    severity = weight(price, of)
    if severity == Severity.HEALTHY:
        much = share(price, evidence) if price else ", within three standard errors"
        return healthy(f"{says} {apart}{much}.")
    remedies = [DECAY]
    if spec.size is not None:
        remedies.insert(0, Remedy("All the data", f"instead of {spec.size:,} examples", {"size": None}))
    if spec.keep != "best":
        remedies.insert(0, BEST)
    if spec.encoder.get("widths"):
        halved = {**spec.encoder, "widths": [max(1, w // 2) for w in spec.encoder["widths"]]}
        remedies.append(Remedy("Half the widths", "less room to learn by heart", {"encoder": halved}))
    return Verdict(
        severity,
        f"{says} {apart}{share(price, evidence)}.",
        "The model has learned its training images, not only what they have in common.",
        "overfitted",
        tuple(remedies),
    )
