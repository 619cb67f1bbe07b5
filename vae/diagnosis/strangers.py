"""The verdict on whether a model tells images of another dataset from its own."""

from vae.diagnosis import limits
from vae.diagnosis.evidence import Evidence
from vae.diagnosis.verdict import AUTOENCODER, Absent, Finding, Severity, Verdict, healthy, with_error
from vae.spec import Spec

WHY = (
    "AUC is the chance that a foreign image has the higher score: 1 always, 0.5 no better than a coin. A high "
    "likelihood does not mean that an image is like the data: simple images get one anyway (Nalisnick et al. 2019). "
    "Likelihood regret (Xiao et al. 2020) and the compressed size (Serra et al. 2020) allow for that."
)
SCORES = {
    "bound": "−ELBO",
    "likelihood": "−log p(x)",
    "regret": "likelihood regret",
    "complexity": "−log p(x) − compressed size",
    "distortion": "distortion",
}


def strange(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on foreign images."""
    if not spec.probabilistic:
        return Absent(f"{AUTOENCODER}, so it has no likelihood by which an image could be strange.")
    if spec.condition is not None:
        return Absent("A model that is conditioned on labels would need labels of foreign images.")
    if len(spec.shape) != 3:
        return Absent("Only images have foreign images to be held against.")
    found = evidence.strange
    if found is None:
        return None
    likelihood = found.auc["likelihood"]
    best = max(found.auc, key=lambda name: found.auc[name].value)
    area = f"−log p(x) has an AUC of {with_error(likelihood, 2, '')}"
    other = f"{SCORES[best]} {with_error(found.auc[best], 2, '')}"
    if likelihood.above(limits.TOLD):
        areas = f"{area}, {other}" if found.auc[best].above(likelihood.value) else area
        return healthy(f"Images of {found.against} are told from the data: {areas}.", WHY)
    says = f"Images of {found.against} are nearly as likely as the data"
    if likelihood.below(0.5):
        says = f"Images of {found.against} are more likely than the data"
    if found.auc[best].above(limits.TOLD):
        return healthy(f"{says} ({area}), but another score tells them: {other}.", WHY)
    return Verdict(Severity.NOTE, f"{says}, and no score tells them: {area}, {other}.", WHY, "fooled")
