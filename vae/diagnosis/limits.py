"""The thresholds of the verdicts, with their reasons. Faults are measured in nats of the ELBO per example.

The loss by a fault is compared with the latents' gain: ELBO minus the best model without latents on the same pixels.
A tenth of it gives a note, a quarter a fault. Differences within three standard errors are ignored.
"""

PATIENCE = 3.0  # limit of a part's estimated seconds on one processor
SEED = 7  # of every draw
ERRORS = 3.0  # standard errors that a difference must have before anything is said of it: one false alarm in 700

NOTE, ILL = 0.1, 0.25  # shares of the latents' gain
LEAST_SCALE = 1.0  # nats: the least gain of the latents with which faults are compared

# collapse
ACTIVE = 0.01  # Var_x E[z_j|x] above which a unit is active: Burda et al. 2016, section 5.2
IGNORED = 0.01  # share of the pixels' variance below which the decoder ignores a dimension
SATURATED = 0.5  # share of the examples with log sigma at its bound, where the gradient vanishes

# the encoder's effective weight of the rate, -dD/dR: 1 for the ELBO. Shipped models trained on the ELBO
# measure 0.97 to 1.08, a beta-VAE its beta
OVER, UNDER = 1.5, 0.67
# above it a narrow q is no fault: on the digits beta = 0.5 has the ELBO of beta = 1, within the error
UNDER_ILL = 0.4
# the loss by q's width, without retraining, is only a part of the whole loss, so its thresholds are lower
WIDTH_NOTE, WIDTH_ILL = 0.005, 0.02

# holes: the share of the prior's draws where no data are. The shipped 2-D VAE on MNIST leaves
# 9 % between its clusters
HOLES_NOTE, HOLES_ILL = 1 / 4, 1 / 3

# reliability of pixel probabilities: calibrated networks have errors below 0.02 (Guo et al. 2017)
ERROR_NOTE, ERROR_ILL = 0.02, 0.05
RATIO = 1.1  # ratio of predicted and residual sigma that is not reported

CLASSICAL = 0.02  # share of the data's variance by which a model's squared error must exceed PCA's or k-means'
CLASS = 1.5  # multiple of the mean distortion from which a class is named
MOMENT = 0.25  # share of the prior's sigma by which q(z_j)'s mean or sigma may differ

# ranks of simulated z among samples of q(z|x): spread 1 and shift 0 for the posterior itself. A healthy 2-D VAE on
# MNIST has a spread of 1.7, by amortisation; above 2 or below a half, q has another width than what it stands for
RANKS_WIDE, RANKS_NARROW, RANKS_SHIFT = 2.0, 0.5, 0.15
HEAVY = 0.5  # share of images with heavy-tailed importance weights from which L_K is no stand-in for log p(x)
MISSED = 0.75  # share of the data's own coverage (or precision) below which samples miss the data (or are none of them)
CLASS_OF = 10  # examples of a class below which its coverage says nothing
# distance of a statistic's distributions over samples and data, and its p-value, from which it is named: two Gaussians
# half of their sigma apart have a distance of 0.2
APART, UNLIKELY = 0.2, 1e-3
TOLD = 0.75  # AUC above which a score tells images of other data from the model's own
USED = 0.5  # share of a codebook's points that are used, below which its dead ones are named
