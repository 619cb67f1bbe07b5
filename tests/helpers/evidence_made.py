"""Evidence of a healthy model, made up, and of dimensions that carry nothing; models that it could be of."""

from vae.diagnosis.evidence import (
    Bound,
    Codebook,
    Codes,
    Decoder,
    Evidence,
    Gap,
    Holes,
    Likelihood,
    Memorised,
    Number,
    Overfitting,
    Reconstruction,
    SampleQuality,
    Simulated,
    Statistics,
    Strange,
    Surgery,
    Tails,
    Training,
    Width,
)
from vae.spec import preset

N = 1000


def n(value, se=0.01):
    return Number(value, se, N)


VAE = preset("vae", data="digits", shape=(1, 8, 8))
GREY = preset("vae", data="digits", shape=(1, 8, 8), binarisation="none", likelihood={"kind": "normal", "sigma": 0.13})
AE = preset("autoencoder", data="digits", shape=(1, 8, 8))

HEALTHY = Evidence(
    codes=Codes(N, (n(1.5), n(1.2)), (n(0.9), n(0.8)), (0.02, -0.01), (1.01, 0.98), (0.0, 0.0)),
    training=Training(20, 20, 0, None),
    codebook=Codebook((500, 300, 0), n(1.9)),
    bound=Bound(n(-20.0), n(17.3), n(2.7), n(-30.0), n(10.0)),
    overfitting=Overfitting(n(-19.9), n(-20.0), Number(0.1, 0.1, N)),
    reconstruction=Reconstruction(
        n(17.3), {"0": n(16.0), "1": n(18.0)}, (3, 4), (30.0, 29.0), n(5.0), n(6.0), n(1.0), n(9.0)
    ),
    holes=Holes(
        "ratio", "ratio", "the prior N(0, I)", (0, 1), (0.0, 1.0), (0.0, 1.0), (0.0,) * 4, n(0.05), 0.01, N, "training"
    ),
    likelihood=Likelihood("probability", None, None, None, 0.005, ((0.1, 0.1, 5.0), (0.9, 0.9, 5.0))),
    width=Width((0.5, 1.0, 2.0), (n(-0.5), Number(0.0, 0.0, N), n(-0.5)), n(1.03)),
    decoder=Decoder((n(0.3), n(0.2))),
    surgery=Surgery(n(2.5), n(0.1), n(0.1), (0.05, 0.05), n(2.7), 6.9, False),
    gap=Gap(n(-20.1), n(-19.7), 100, 60.0, n(-19.6), n(0.5), (0.4, 0.6)),
    tails=Tails(n(0.1), 1000),
    simulated=Simulated((n(0.0), n(0.01)), (n(1.0), n(1.1)), ((5, 5), (4, 6)), N),
    statistics=Statistics(
        9,
        {"brightness": 0.01},
        {"brightness": 0.8},
        {"brightness": 0.02},
        {"brightness": (0.2, 0.2)},
        {"brightness": (0.0, 1.0)},
    ),
    strange=Strange("glyphs", (0,), (0,), {"likelihood": (1.0,)}, {"likelihood": (2.0,)}, {"likelihood": n(0.95)}),
    samples=SampleQuality(
        "features",
        5,
        n(0.9),
        n(0.9),
        n(0.9),
        n(0.9),
        (n(0.95), n(0.95), n(1.0), n(0.97)),
        n(0.1),
        n(0.0),
        {"0": (n(0.9), n(0.95)), "1": (n(0.8), n(0.9))},
    ),
    memorised=Memorised("features", N, 6 * N, n(0.5), n(0.51), n(0.5)),
)

DEAD = Codes(N, (n(0.001), n(0.002)), (n(0.0), n(0.0)), (0.0, 0.0), (1.0, 1.0), (0.0, 0.0))
DEAF = Decoder((n(0.001, 1e-4), n(0.0005, 1e-4)))
