"""The cards of the Diagnose page in their order, and the main diagnosis: the first cause among the faults."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from vae.diagnosis.causes import collapse, rates
from vae.diagnosis.evidence import Evidence
from vae.diagnosis.faults import bound, gap, overfitting, reconstruction, surgery
from vae.diagnosis.fit import holes, likelihood, posterior
from vae.diagnosis.model_images import memorised, samples, simulated
from vae.diagnosis.predictive import statistics
from vae.diagnosis.strangers import strange
from vae.diagnosis.verdict import Finding, Severity, Verdict
from vae.spec import Spec


class Card(NamedTuple):
    """A card: its title, the parts of the evidence that it needs, its verdict, and whether it is for researchers."""

    title: str
    needs: tuple[str, ...]
    judge: Callable[[Spec, Evidence], Finding]
    research: bool = False


CARDS: dict[str, Card] = {
    "bound": Card("Bound", ("bound",), bound),
    "rates": Card("Rate per dimension", ("codes",), rates),
    "collapse": Card("Collapse, by cause", ("codes", "training", "decoder", "likelihood"), collapse),
    "posterior": Card("Calibration of q", ("codes", "bound", "width"), posterior),
    "likelihood": Card("Calibration of p(x|z)", ("bound", "likelihood"), likelihood),
    "holes": Card("Holes", ("holes",), holes),
    "overfitting": Card("Overfitting", ("bound", "overfitting"), overfitting),
    "reconstruction": Card("Reconstruction", ("reconstruction",), reconstruction),
    "surgery": Card("ELBO surgery", ("bound", "surgery"), surgery, research=True),
    "gap": Card("Gap", ("bound", "gap"), gap, research=True),
    "simulated": Card("q on the model's own images", ("simulated",), simulated, research=True),
    "samples": Card("Samples against data", ("samples",), samples, research=True),
    "memorised": Card("Memorisation", ("memorised",), memorised, research=True),
    "statistics": Card("Statistics of samples", ("statistics",), statistics, research=True),
    "strange": Card("Strange images", ("strange",), strange, research=True),
}

# causal order: with several faults, the first one listed causes the later ones
CAUSES = (
    *("unfinished", "saturated", "collapsed", "sigma", "over-regularised", "under-regularised", "overfitted"),
    *("holes", "prior", "probabilities", "loose", "classical", "dead", "worthless"),
    *("ranks", "samples", "copies", "statistics", "fooled"),
)
TITLES = {
    "unfinished": "Annealing unfinished",
    "saturated": "σ of q saturated",
    "collapsed": "Collapsed",
    "sigma": "σ of the likelihood miscalibrated",
    "over-regularised": "Over-regularised",
    "under-regularised": "Under-regularised",
    "overfitted": "Overfitted",
    "holes": "Holes",
    "prior": "The prior does not fit the codes",
    "probabilities": "Pixel probabilities miscalibrated",
    "loose": "A loose bound",
    "classical": "Worse than PCA or k-means",
    "dead": "All dimensions inactive",
    "worthless": "No better than a model without latents",
    "ranks": "q differs from the true posterior",
    "samples": "Samples differ from the data",
    "copies": "Samples copy training examples",
    "statistics": "Statistics of samples differ from the data's",
    "fooled": "Strange images look more likely than the data",
}


def judge(spec: Spec, evidence: Evidence) -> dict[str, Finding]:
    """Return each card's finding: a verdict, the reason why the card does not apply, or None without its evidence."""
    return {name: card.judge(spec, evidence) for name, card in CARDS.items()}


def main(findings: Mapping[str, Finding]) -> Verdict | None:
    """Return the main diagnosis: the verdict of the faulty card that comes first in causal order, or None."""
    ill = [f for f in findings.values() if isinstance(f, Verdict) and f.severity == Severity.PROBLEM]
    return min(ill, key=lambda verdict: CAUSES.index(verdict.name), default=None)
