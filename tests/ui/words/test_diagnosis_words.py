"""What Diagnose says of a model is German to a German reader, whatever was found."""

import re
from dataclasses import replace

import pytest
from evidence_made import AE, DEAD, DEAF, GREY, HEALTHY, VAE, N, n

from ui.words import say
from vae import runs
from vae.diagnosis import cards, kept, quick
from vae.diagnosis.evidence import (
    Codebook,
    Codes,
    Decoder,
    Evidence,
    Likelihood,
    Number,
    Overfitting,
    Simulated,
    Strange,
    Tails,
    Training,
    Width,
)
from vae.diagnosis.verdict import Absent, Verdict
from vae.spec import preset

ENGLISH = re.compile(
    r"\b(the|a|of|is|are|to|too|with|by|than|that|not|no|more|less|one|its?|for|from|per|times|samples|images)\b"
)
SAME = re.compile(r"VampPrior|IWAE, K = 5|[σβ] = .*")  # a German says it so


def of(name, **changes):
    return preset(name, data="digits", shape=(1, 8, 8), **changes)


def sigma(predicted, residual, cost):
    return Likelihood("sigma", n(predicted, 1e-4), n(residual, 1e-4), cost, None, ((predicted, residual, 5.0),))


def width(slope, gain):
    return Width((0.5, 1.0, 2.0), (n(-0.5), Number(0.0, 0.0, N), n(gain)), n(slope))


def unlike(redrawn, **samples):
    """Statistics that differ, but for the first, each with the median of the samples beside that of the data."""
    names = ["brightness", *samples]
    apart = dict.fromkeys(names, 0.4) | {"brightness": 0.01}
    p = dict.fromkeys(names, 1e-9) | {"brightness": 0.8}
    middle = {name: (1.0, samples.get(name, 1.0)) for name in names}
    return replace(
        HEALTHY.statistics, distance=apart, p=p, redrawn=dict.fromkeys(names, redrawn), middle=middle, below={}
    )


def scores(**areas):
    auc = {name: n(value) for name, value in areas.items()}
    empty = dict.fromkeys(areas, (1.0,))
    return Strange("glyphs", (0,), (0,), empty, empty, auc)


def codes(d, gone, **changes):
    """Codes of d dimensions of which the last carry nothing."""
    active = d - gone
    rates = (n(1.0),) * active + (n(0.001),) * gone
    variance = (n(0.9),) * active + (n(0.0),) * gone
    return replace(Codes(N, rates, variance, (0.0,) * d, (1.0,) * d, (0.0,) * d), **changes)


WARM = {"kind": "elbo", "beta": {"schedule": "linear", "start": 0.0, "stop": 1.0, "steps": 1000}}
BOUND, RECONSTRUCTION, GAP, HOLES = HEALTHY.bound, HEALTHY.reconstruction, HEALTHY.gap, HEALTHY.holes
SURGERY, SAMPLES, MEMORISED = HEALTHY.surgery, HEALTHY.samples, HEALTHY.memorised
MANY = replace(HOLES, share=n(0.5))
TEN = of("vae", latent=10)

CASES = [
    ("bound", VAE, {"bound": replace(BOUND, gain=n(-3.0))}),
    ("bound", VAE, {"bound": replace(BOUND, gain=n(0.02))}),
    ("rates", VAE, {"codes": DEAD}),
    ("rates", VAE, {"codes": codes(2, 1)}),
    ("rates", TEN, {"codes": codes(10, 4)}),
    ("rates", TEN, {"codes": codes(10, 8)}),
    ("rates", of("vq-vae"), {"codebook": Codebook((5,) * 64, n(64.0))}),
    ("rates", of("vq-vae"), {"codebook": Codebook((5,) * 16 + (0,) * 48, n(16.0))}),
    ("collapse", VAE, {"codes": DEAD, "decoder": DEAF}),
    ("collapse", VAE, {"codes": DEAD, "decoder": Decoder((n(0.2), n(0.0)))}),
    ("collapse", of("beta-vae"), {"codes": DEAD, "decoder": DEAF}),
    ("collapse", GREY, {"codes": DEAD, "decoder": DEAF, "likelihood": sigma(1.0, 0.25, 50.0)}),
    ("collapse", VAE, {"decoder": DEAF}),
    ("collapse", TEN, {"codes": codes(10, 0), "decoder": Decoder((n(0.2),) * 9 + (n(0.0),))}),
    ("collapse", TEN, {"codes": codes(10, 1), "decoder": Decoder((n(0.2),) * 2 + (n(0.0),) * 8)}),
    ("collapse", TEN, {"codes": codes(10, 8), "decoder": Decoder((n(0.2),) * 2 + (n(0.0),) * 8)}),
    ("collapse", VAE, {"codes": replace(HEALTHY.codes, saturated=(0.0, 0.8))}),
    ("collapse", TEN, {"codes": codes(10, 0, saturated=(0.8,) * 10)}),
    ("collapse", of("vae", objective=WARM), {"training": Training(20, 20, 0, ("beta", 0.4, 1.0))}),
    ("collapse", VAE, {"training": Training(3, 20, 0, None)}),
    ("posterior", VAE, {"width": width(4.2, 1.0)}),
    ("posterior", of("beta-vae"), {"width": width(4.2, 0.1)}),
    ("posterior", of("vae", prior={"kind": "vamp"}), {"width": width(0.1, 1.0)}),
    ("posterior", of("vae", prior={"kind": "mixture"}), {}),
    ("posterior", of("wae"), {}),
    ("posterior", VAE, {"width": replace(HEALTHY.width, slope=None)}),
    ("posterior", VAE, {"codes": replace(HEALTHY.codes, sigma=(3.0, 0.5))}),
    ("likelihood", GREY, {"likelihood": sigma(0.05, 0.2, 300.0)}),
    ("likelihood", GREY, {"likelihood": sigma(0.8, 0.2, 50.0)}),
    ("likelihood", GREY, {"likelihood": sigma(0.2, 0.25, 0.9)}),
    ("likelihood", GREY, {"likelihood": sigma(0.2, 0.21, 9.0)}),
    ("likelihood", of("laplace-vae"), {"likelihood": sigma(0.2, 0.5, None)}),
    ("likelihood", of("laplace-vae"), {"likelihood": sigma(0.5, 0.2, None)}),
    ("likelihood", replace(VAE, keep="last"), {"likelihood": replace(HEALTHY.likelihood, error=0.08)}),
    ("holes", VAE, {"holes": MANY}),
    ("holes", of("vae", objective={"kind": "elbo", "beta": 0.5}), {"holes": replace(MANY, source="the learned prior")}),
    ("holes", of("wae"), {"holes": replace(MANY, kind="distance", source="the prior")}),
    ("holes", VAE, {"holes": replace(MANY, kind="distance", strays=0.4)}),
    ("holes", AE, {"holes": replace(MANY, kind="distance", source="a Normal fitted to the codes")}),
    ("overfitting", replace(VAE, size=100, keep="last"), {"overfitting": Overfitting(n(-16), n(-20), n(4.0, 0.5))}),
    ("overfitting", AE, {"overfitting": Overfitting(n(-16), n(-20), n(1.5, 0.1))}),
    ("reconstruction", VAE, {"reconstruction": replace(RECONSTRUCTION, saved=n(-1.0))}),
    ("reconstruction", of("vq-vae"), {"reconstruction": replace(RECONSTRUCTION, saved=n(-1.0))}),
    ("reconstruction", VAE, {"reconstruction": replace(RECONSTRUCTION, classes={"0": n(10.0), "8": n(30.0)})}),
    ("reconstruction", VAE, {"reconstruction": replace(RECONSTRUCTION, classes={})}),
    ("surgery", VAE, {"surgery": replace(SURGERY, dimension_kl=n(3.0))}),
    ("surgery", VAE, {"surgery": replace(SURGERY, capped=True)}),
    ("gap", VAE, {"gap": replace(GAP, gap=n(6.0))}),
    ("gap", VAE, {"gap": replace(GAP, gap=n(0.0))}),
    ("gap", VAE, {"gap": replace(GAP, truth=None, ess=3.0), "tails": Tails(n(0.9), 1000)}),
    ("gap", VAE, {"gap": replace(GAP, truth=None), "bound": replace(BOUND, gain=n(0.05))}),
    ("gap", VAE, {"gap": replace(GAP, truth=None, ess=3.0), "bound": replace(BOUND, gain=n(0.05))}),
    ("simulated", VAE, {"simulated": Simulated((n(0.0),) * 2, (n(3.0), n(0.1)), (), N)}),
    ("simulated", VAE, {"simulated": Simulated((n(0.9),) * 2, (n(3.0), n(0.1)), (), N)}),
    ("simulated", VAE, {"simulated": Simulated((n(0.9),) * 2, (n(3.0), n(1.0)), (), N)}),
    ("simulated", VAE, {"simulated": Simulated((n(0.9),) * 2, (n(0.1), n(1.0)), (), N)}),
    ("simulated", VAE, {"simulated": Simulated((n(0.9),) * 2, (n(1.0), n(1.0)), (), N)}),
    ("samples", VAE, {"samples": replace(SAMPLES, coverage=n(0.3))}),
    ("samples", VAE, {"samples": replace(SAMPLES, precision=n(0.3), space="codes")}),
    ("samples", VAE, {"samples": replace(SAMPLES, precision=n(0.3), classes={"0": (n(0.2), n(0.9))})}),
    ("memorised", VAE, {"memorised": replace(MEMORISED, samples=n(0.8), decoded=n(0.8), space="codes")}),
    ("statistics", VAE, {"statistics": unlike(0.01, contrast=2.0)}),
    ("statistics", VAE, {"statistics": unlike(0.4, contrast=0.5, extent=1.0)}),
    ("statistics", VAE, {"statistics": unlike(0.4, contrast=0.5, extent=2.0, roughness=2.0)}),
    (
        "statistics",
        VAE,
        {"statistics": unlike(0.3, **{"mean": 2.0, "standard deviation": 0.5, "largest magnitude": 1.0})},
    ),
    ("strange", VAE, {"strange": scores(likelihood=0.95, regret=0.99)}),
    ("strange", VAE, {"strange": scores(likelihood=0.95, complexity=0.99)}),
    ("strange", VAE, {"strange": scores(likelihood=0.1, complexity=0.95)}),
    ("strange", VAE, {"strange": scores(likelihood=0.65, distortion=0.95)}),
    ("strange", VAE, {"strange": scores(likelihood=0.65, regret=0.7)}),
    *((card, spec, {}) for card in cards.CARDS for spec in (VAE, AE)),
    *((card, of("cvae"), {}) for card in ("simulated", "samples", "surgery", "strange")),
]


def texts(finding):
    """All that a card says."""
    if isinstance(finding, Absent):
        return [finding.reason]
    assert isinstance(finding, Verdict), finding
    remedies = [text for remedy in finding.remedies for text in (remedy.label, remedy.why)]
    return [finding.sentence, finding.why, cards.TITLES.get(finding.name, ""), *remedies]


def is_german(found):
    for text in filter(None, found):
        said = say(text)
        assert not ENGLISH.search(said), said
        assert said != text or SAME.fullmatch(said), text


@pytest.mark.parametrize("card, spec, parts", CASES)
def test_every_verdict_is_german(german, card, spec, parts):
    is_german([cards.CARDS[card].title, *texts(cards.CARDS[card].judge(spec, replace(HEALTHY, **parts)))])


@pytest.mark.parametrize("folder", [runs.shipped(), runs.examples()])
def test_diagnosis_of_each_shipped_model_is_german(german, folder):
    for run in runs.library([folder]):
        known = {"codes": quick.codes(run.codes), "training": quick.training(run), **kept.known(run.path)}
        evidence = Evidence(**known)
        is_german(text for finding in cards.judge(run.spec, evidence).values() for text in texts(finding))
