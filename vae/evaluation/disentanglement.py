"""Disentanglement: how a representation's dimensions correspond to the data's factors, by four published metrics.

Each is a function of codes [N, d] (a representation of N examples, its mean where it is a distribution) and factors
[N, F] of integers; `measure` takes the representation function itself, and no model. All scores lie in
[0, 1]: the identity scores 1, a constant 0, and MIG and SAP give 0 to a code with every factor in two dimensions.

A factor with one value among the examples tells nothing, and every metric leaves it out (`varying` names the others).
All raise ValueError where none varies, and for codes and factors that do not fit or are no numbers.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.density.log_q import log_q

Array = NDArray[np.float64]
Factors = NDArray[np.int64]
Representation = Callable[[NDArray[Any]], NDArray[Any]]

BINS = 20
ROWS = 512


def encode(representation: Representation, x: NDArray[Any], rows: int = ROWS) -> Array:
    """Return the codes [N, d] of examples x [N, ...], float64, `rows` at a time."""
    parts = [representation(x[start : start + rows]) for start in range(0, len(x), rows)]
    return np.concatenate(parts).astype(np.float64)


def table(factors: Mapping[str, NDArray[Any]]) -> Factors:
    """Return factors by name, each [N], as integers [N, F]: 0, 1, ... in the order of their values."""
    return np.stack([np.unique(v, return_inverse=True)[1] for v in factors.values()], 1).astype(np.int64)


def varying(factors: Factors) -> list[int]:
    """Return the columns of factors [N, F] with more than one value; raises ValueError if there is none."""
    found = [k for k, v in enumerate(factors.T) if np.ptp(v) > 0] if factors.size else []
    if not found:
        raise ValueError("no factor varies among these examples, so there is nothing to be informed about")
    return found


def _checked(codes: Array, factors: Factors) -> tuple[Array, Factors]:
    """Return codes [N, d] and the factors [N, F'] that vary; raises ValueError unless both are numbers that fit."""
    codes, factors = np.asarray(codes, np.float64), np.asarray(factors)
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or not codes.shape[1]:
        shapes = f"{list(codes.shape)} and {list(factors.shape)}"
        raise ValueError(f"codes [N, d] and factors [N, F] are of the same N examples, not of shapes {shapes}")
    wrong = np.flatnonzero(~np.isfinite(codes).all(1))
    if len(wrong):
        raise ValueError(f"{len(wrong)} of {len(codes)} codes are not finite, the first of them number {wrong[0]}")
    return codes, factors[:, varying(factors)]


def entropy(values: Factors) -> float:
    """Return the empirical entropy of integers [N], nats."""
    share = np.unique(values, return_counts=True)[1] / len(values)
    return float(-(share * np.log(share)).sum())


def binned(codes: Array, bins: int = BINS) -> Factors:
    """Return each dimension of codes [N, d] in `bins` bins of equal width over its range, [N, d]."""
    low, high = codes.min(0), codes.max(0)
    place = (codes - low) / np.where(high > low, high - low, 1.0)
    return np.minimum((place * bins).astype(np.int64), bins - 1)


def mutual_information(codes: Factors, factors: Factors) -> Array:
    """Return I(c_j; v_k) [d, F] of integers [N, d] and [N, F], empirical, nats."""
    found = np.zeros((codes.shape[1], factors.shape[1]))
    for j, c in enumerate(codes.T):
        for k, v in enumerate(factors.T):
            joint = np.unique(c * (v.max() + 1) + v, return_inverse=True)[1]
            found[j, k] = entropy(c) + entropy(v) - entropy(joint)
    return np.maximum(found, 0.0)


def _gap(scores: Array) -> Array:
    """Return the largest score minus the second of each column of [d, F]; of a single dimension, its score."""
    ordered = np.sort(scores, 0)
    second = ordered[-2] if len(ordered) > 1 else np.zeros(scores.shape[1])
    result: Array = ordered[-1] - second
    return result


def _mig(information: Array, factors: Factors) -> float:
    return float((_gap(information) / np.array([entropy(v) for v in factors.T])).mean())


def mig_binned(codes: Array, factors: Factors, bins: int = BINS) -> float:
    """Return the mutual information gap of binned means: (1/F) sum_k (I(c_j1; v_k) - I(c_j2; v_k)) / H(v_k).

    j1 and j2 have the most information about v_k; c is the mean in `bins` bins of equal width. The score depends on the
    bins, and a mean has more information than a sample: it is not comparable with `mig_sampled`. Source: Chen et al.
    2018, eq. 6; binning as in Locatello et al. 2019.
    """
    codes, factors = _checked(codes, factors)
    return _mig(mutual_information(binned(codes, bins), factors), factors)


def mig_sampled(means: Array, scales: Array, factors: Factors, samples: int = 1, seed: int = 0) -> float:
    """Return the mutual information gap of z ~ q(z|x) = N(means, diag scales^2), by its definition, without bins.

    I(z_j; v_k) = E[log q(z_j|v_k) - log q(z_j)], q(z_j|v) = the mean of q(z_j|x_n) over the n with that v, exactly over
    the N examples; O(N^2 d) time. Source: Chen et al. 2018, eqs 5 and 6. Raises ValueError unless scales are positive.
    """
    means, factors = _checked(means, factors)
    if scales.shape != means.shape or not (np.isfinite(scales) & (scales > 0)).all():
        raise ValueError("scales [N, d] are positive numbers, one for each mean")
    rng = np.random.default_rng(seed)
    n, d = means.shape
    total = np.zeros((d, factors.shape[1]))
    for _ in range(samples):
        z = means + scales * rng.standard_normal(means.shape)
        for j in range(d):
            m, s, z_j = means[:, [j]], scales[:, [j]], z[:, [j]]
            whole = log_q(m, s, z_j).sum()
            for k, v in enumerate(factors.T):
                alike = [v == value for value in np.unique(v)]
                total[j, k] += sum(log_q(m[same], s[same], z_j[same]).sum() for same in alike) - whole
    return _mig(np.maximum(total / (samples * n), 0.0), factors)


def dci(codes: Array, factors: Factors, seed: int = 0, trees: int = 20) -> dict[str, float]:
    """Return disentanglement, completeness and informativeness, by random forests that predict factors from codes.

    With R [d, F] the features' importances: D = sum_j w_j (1 - H_F(R_j / sum R_j)), w_j the share of code j in R, and
    C = (1/F) sum_k (1 - H_d(R_k / sum R_k)), entropies in base F and d; I is the accuracy on a held-out half, corrected
    for chance: (a - c) / (1 - c), c that of the most frequent value. If nothing is informative, R, D and C are 0.
    Source: Eastwood & Williams 2018, section 2 (informativeness there is an error, here its complement).
    """
    from sklearn.ensemble import RandomForestClassifier

    codes, factors = _checked(codes, factors)
    order = np.random.default_rng(seed).permutation(len(codes))
    train, test = order[::2], order[1::2]
    importance, informed = np.zeros((codes.shape[1], factors.shape[1])), []
    for k, v in enumerate(factors.T):
        forest = RandomForestClassifier(trees, max_features=None, min_samples_leaf=5, random_state=seed)
        forest.fit(codes[train], v[train])
        chance = np.bincount(v[test]).max() / len(test)
        accuracy = (forest.predict(codes[test]) == v[test]).mean()
        informed.append(max(0.0, (accuracy - chance) / (1 - chance)) if chance < 1 else 0.0)
        importance[:, k] = forest.feature_importances_ if np.ptp(codes, 0).any() else 0.0
    total = importance.sum()
    if total == 0:
        return {"disentanglement": 0.0, "completeness": 0.0, "informativeness": float(np.mean(informed))}
    rows = np.array([_concentration(r) for r in importance])
    columns = np.array([_concentration(c) for c in importance.T])
    return {
        "disentanglement": float(rows @ importance.sum(1) / total),
        "completeness": float(columns.mean()),
        "informativeness": float(np.mean(informed)),
    }


def _concentration(weights: Array) -> float:
    """Return 1 - H(weights / sum), with their number as base: 1 for one nonzero, 0 for equal weights or none."""
    if weights.sum() <= 0:
        return 0.0
    if len(weights) == 1:
        return 1.0
    share = weights[weights > 0] / weights.sum()
    return float(1 + (share * np.log(share)).sum() / math.log(len(weights)))


def sap(codes: Array, factors: Factors, categorical: Sequence[int] = (), seed: int = 0) -> float:
    """Return the separated attribute predictability, (1/F) sum_k (S_j1k - S_j2k) of the two best dimensions for v_k.

    S_jk is the squared correlation of c_j and v_k; for a factor in `categorical`, whose order means nothing, the
    balanced accuracy of thresholds on c_j over a held-out half, corrected for chance: (a - 1/V) / (1 - 1/V), so that
    the identity scores 1 in both cases. Source: Kumar, Sattigeri & Balakrishnan 2018, section 3 (without that
    correction).
    """
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.tree import DecisionTreeClassifier

    categories = [place for place, k in enumerate(varying(np.asarray(factors))) if k in categorical]
    codes, factors = _checked(codes, factors)
    order = np.random.default_rng(seed).permutation(len(codes))
    train, test = order[::2], order[1::2]
    scores = np.zeros((codes.shape[1], factors.shape[1]))
    for k, v in enumerate(factors.T):
        values = len(np.unique(v))
        for j, c in enumerate(codes.T):
            if k not in categories:
                spread = c.std() * v.std()
                scores[j, k] = (((c - c.mean()) * (v - v.mean())).mean() / spread) ** 2 if spread > 0 else 0.0
            else:
                tree = DecisionTreeClassifier(max_leaf_nodes=2 * values, class_weight="balanced", random_state=seed)
                found = tree.fit(c[train, None], v[train]).predict(c[test, None])
                scores[j, k] = max(0.0, (balanced_accuracy_score(v[test], found) - 1 / values) / (1 - 1 / values))
    return float(_gap(scores).mean())


def factor_vae_score(
    codes: Array, factors: Factors, votes: int = 800, batch: int = 64, seed: int = 0, dead: float = 1e-12
) -> float:
    """Return the FactorVAE score: the accuracy of predicting the fixed factor from the dimension of least variance.

    A vote fixes one factor at one value, takes `batch` such examples, and names the dimension of least variance, each
    relative to its variance over all data; a majority classifier of factor given dimension is made from one half of the
    votes and judged on the other, corrected for chance: (a - 1/F) / (1 - 1/F). Dimensions whose variance is below
    `dead` of the largest count as constant and are ignored; if all are, the score is 0. Source: Kim & Mnih 2018,
    section 4 (without that correction). Raises ValueError for fewer than two varying factors.
    """
    codes, factors = _checked(codes, factors)
    varied = range(factors.shape[1])
    if len(varied) < 2:
        raise ValueError("which factor was fixed is a question about two or more that vary")
    variance = codes.var(0)
    alive = variance > dead * max(variance.max(), 1e-300)
    if variance.max() <= 0:
        return 0.0
    rng = np.random.default_rng(seed)
    ballots = np.zeros((2, int(alive.sum()), len(varied)), np.int64)
    for vote in range(votes):
        place = rng.integers(len(varied))
        column = factors[:, varied[place]]
        same = np.flatnonzero(column == column[rng.integers(len(column))])
        chosen = codes[rng.choice(same, batch)][:, alive]
        ballots[vote % 2, (chosen.var(0) / variance[alive]).argmin(), place] += 1
    answer = ballots[0].argmax(1)
    accuracy = ballots[1][np.arange(len(answer)), answer].sum() / ballots[1].sum()
    chance = 1 / len(varied)
    return max(0.0, float((accuracy - chance) / (1 - chance)))


def measure(
    representation: Representation,
    x: NDArray[Any],
    factors: Mapping[str, NDArray[Any]],
    categorical: Sequence[str] = ("shape", "class"),
    seed: int = 0,
) -> dict[str, float]:
    """Return all metrics of a representation function (x [B, ...] -> codes [B, d]) on N examples with named factors.

    Of the factors that vary; with a single one there is no FactorVAE score.
    """
    codes, values = encode(representation, x), table(factors)
    unordered = [k for k, name in enumerate(factors) if name in categorical]
    found = {
        "mig_binned": mig_binned(codes, values),
        **{f"dci_{name}": value for name, value in dci(codes, values, seed).items()},
        "sap": sap(codes, values, unordered, seed),
    }
    if len(varying(values)) > 1:
        found["factor_vae"] = factor_vae_score(codes, values, seed=seed)
    return found
