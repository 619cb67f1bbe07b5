"""Where healthy ends, each threshold with its reason. The currency is nats of the ELBO per example.

What a fault costs is held against what the latents buy: ELBO minus the best model without latents on the same pixels.
A tenth of that is worth a note, a quarter is an illness. Nothing is said of what lies within three standard errors.
"""

PATIENCE = 3.0  # seconds of one processor, by arithmetic, that a part of the evidence may take
ERRORS = 3.0  # standard errors that a difference must have before anything is said of it: one false alarm in 700

NOTE, ILL = 0.1, 0.25  # of what the latents buy
LEAST_SCALE = 1.0  # nats: where the latents buy less than this, faults are held against it

# collapse
DEAD = 0.01  # nats of rate below which a dimension carries nothing: the same as on the Train page's film
ACTIVE = 0.01  # Var_x E[z_j|x] above which a unit is active: Burda et al. 2016, section 5.2
IGNORED = 0.01  # of the pixels' variance: a dimension that moves less is one that the decoder ignores
SATURATED = 0.5  # of the examples with log sigma at its bound, where its gradient fades

# the weight of the rate that the encoder lives by, -dD/dR: 1 is the ELBO's own. Shipped models trained on the ELBO
# measure 0.97 to 1.08, a beta-VAE its beta
OVER, UNDER = 1.5, 0.67
# a price taken from q's width alone, without training anew, is only a part of it, so it counts from less
WIDTH_NOTE, WIDTH_ILL = 0.005, 0.02

# holes: one draw of the prior in four, or in three, decodes from where no data are. The shipped 2-D VAE on MNIST leaves
# 18 % between its clusters
HOLES_NOTE, HOLES_ILL = 1 / 4, 1 / 3

# reliability of pixel probabilities: networks that are called calibrated have errors below 0.02 (Guo et al. 2017)
ERROR_NOTE, ERROR_ILL = 0.02, 0.05
RATIO = 1.1  # sigma predicted against residual: nearer than this is not worth a sentence

CLASS = 1.5  # times the mean distortion from which a class is named
MOMENT = 0.25  # of the prior's sigma by which q(z_j)'s mean or sigma may differ
