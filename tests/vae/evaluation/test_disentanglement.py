"""The metrics' oracles: identity scores 1, constant 0, a code that says everything twice has no gap."""

import itertools

import numpy as np
import pytest

from vae.evaluation import disentanglement as dis

SIZES = (3, 6, 10)
GRID = np.array(list(itertools.product(*[range(s) for s in SIZES], range(8))), np.int64)[:, :3]  # each row 8 times
NAMES = ("shape", "scale", "x")
RNG = np.random.default_rng(0)
SHUFFLED = GRID[RNG.permutation(len(GRID))]
IDENTITY, CONSTANT, TWICE = SHUFFLED.astype(float), np.zeros((len(GRID), 3)), np.tile(SHUFFLED.astype(float), 2)


def everything(codes):
    named = dict(zip(NAMES, SHUFFLED.T, strict=True))
    return dis.measure(lambda rows: codes[rows], np.arange(len(codes)), named)


def test_the_identity_scores_1():
    found = everything(IDENTITY)
    assert found.pop("dci_informativeness") == 1
    for name, value in found.items():
        assert value == pytest.approx(1, abs=1e-3), name


def test_order_sign_and_scale_of_dimensions_do_not_matter():
    assert everything(IDENTITY[:, [2, 0, 1]] * [-3.0, 0.1, 7.0]) == pytest.approx(everything(IDENTITY), abs=2e-3)


def test_a_constant_scores_0():
    for name, value in everything(CONSTANT).items():
        assert value == pytest.approx(0, abs=1e-12), name


def test_saying_everything_twice_leaves_no_gap():
    found = everything(TWICE)
    assert found["mig_binned"] == pytest.approx(0, abs=1e-12)
    assert found["sap"] == pytest.approx(0, abs=1e-12)
    assert found["dci_completeness"] < 0.75 and found["dci_disentanglement"] > 0.99


def test_rotated_code_is_worse_except_in_informativeness():
    """A rotated code is worse in every metric but informativeness."""
    rotation = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
    good, bad = everything(IDENTITY), everything((IDENTITY / IDENTITY.std(0)) @ rotation)
    for name in good:
        if name != "dci_informativeness":
            assert bad[name] < good[name] - 0.1, name


def test_noise_beside_the_identity_changes_little():
    found = everything(np.concatenate([IDENTITY, RNG.normal(size=(len(GRID), 2))], 1))
    assert found["mig_binned"] > 0.9 and found["dci_disentanglement"] > 0.9 and found["factor_vae"] > 0.99


def test_mig_of_samples_is_that_of_its_definition():
    tight = np.full_like(IDENTITY, 0.01)
    assert dis.mig_sampled(IDENTITY, tight, SHUFFLED) == pytest.approx(1, abs=1e-6)
    assert dis.mig_sampled(CONSTANT, tight, SHUFFLED) == pytest.approx(0, abs=1e-12)
    assert dis.mig_sampled(np.tile(IDENTITY, 2), np.tile(tight, 2), SHUFFLED, 4) == pytest.approx(0, abs=1e-6)


def test_mig_of_samples_does_not_change_when_codes_shift():
    codes, scales, factors = IDENTITY[:200], np.full((200, 3), 0.3), SHUFFLED[:200]
    unshifted = dis.mig_sampled(codes, scales, factors)
    assert dis.mig_sampled(codes + 1e4, scales, factors) == pytest.approx(unshifted, abs=1e-9) and unshifted > 0.1


def test_sampled_and_binned_mig_differ_and_are_named():
    wide = np.full_like(IDENTITY, 0.7)  # neighbours overlap: a sample knows less than the mean
    assert dis.mig_sampled(IDENTITY, wide, SHUFFLED, 2) < 0.8 < dis.mig_binned(IDENTITY, SHUFFLED)


def test_mig_does_not_confuse_examples_with_dimensions():
    """MIG computed after a reshape used as a transpose: shuffling the rows of codes and factors alike changes nothing,
    shuffling the codes alone destroys everything."""
    order = RNG.permutation(len(GRID))
    assert dis.mig_binned(IDENTITY[order], SHUFFLED[order]) == pytest.approx(1, abs=1e-12)
    assert dis.mig_binned(IDENTITY[order], SHUFFLED) < 0.1
    reshaped = IDENTITY.T.reshape(IDENTITY.shape)  # the mistake
    assert dis.mig_binned(reshaped, SHUFFLED) < 0.1


def test_mutual_information_is_scikit_learns():
    from sklearn.metrics import mutual_info_score

    codes = dis.binned(RNG.normal(size=(len(GRID), 2)) + SHUFFLED[:, :2])
    found = dis.mutual_information(codes, SHUFFLED)
    for j in range(2):
        for k in range(3):
            assert found[j, k] == pytest.approx(mutual_info_score(codes[:, j], SHUFFLED[:, k]), abs=1e-12)


def test_factors_become_integers_in_the_order_of_their_values():
    assert dis.table({"slant": np.array([0.5, -1.0, 0.5])}).tolist() == [[1], [0], [1]]


METRICS = {
    "mig_binned": dis.mig_binned,
    "mig_sampled": lambda codes, factors: dis.mig_sampled(codes, np.full(codes.shape, 0.1), factors),
    "dci": dis.dci,
    "sap": dis.sap,
    "sap_categorical": lambda codes, factors: dis.sap(codes, factors, categorical=(0, 1, 2)),
    "factor_vae": dis.factor_vae_score,
}


@pytest.mark.parametrize("name", [name for name in METRICS if name != "sap_categorical"])
@pytest.mark.parametrize("place", range(4))
def test_a_factor_with_one_value_changes_no_metric(name, place):
    some = slice(0, 400)
    more = np.insert(SHUFFLED[some], place, 7, axis=1)
    assert METRICS[name](IDENTITY[some], more) == METRICS[name](IDENTITY[some], SHUFFLED[some])


def test_a_categorical_factor_is_known_by_its_own_column():
    # a permutation of the values is informative as a category, and not as a number
    codes = np.array([3, 0, 4, 1, 2])[SHUFFLED[:, 2] % 5][:, None].astype(float)
    factors = np.stack([np.zeros(len(SHUFFLED), np.int64), SHUFFLED[:, 2] % 5], 1)
    assert dis.sap(codes, factors, categorical=(1,)) == pytest.approx(1)
    assert dis.sap(codes, factors, categorical=(0,)) < 0.5


@pytest.mark.parametrize("name", METRICS)
def test_where_no_factor_varies_there_is_one_answer(name):
    with pytest.raises(ValueError, match="no factor varies"):
        METRICS[name](IDENTITY, np.zeros_like(SHUFFLED))


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_codes_that_are_no_numbers_get_no_score(name, value):
    codes = IDENTITY.copy()
    codes[5, 1] = value
    with pytest.raises(ValueError, match="1 of 1440 codes are not finite, the first of them number 5"):
        METRICS[name](codes, SHUFFLED)


@pytest.mark.parametrize("name", METRICS)
def test_codes_and_factors_of_other_lengths_are_refused(name):
    with pytest.raises(ValueError, match="same N examples"):
        METRICS[name](IDENTITY[:9], SHUFFLED)


def test_one_factor_that_varies_has_every_score_but_factor_vaes():
    found = dis.measure(
        lambda rows: IDENTITY[rows], np.arange(len(IDENTITY)), {"x": SHUFFLED[:, 2], "y": 0 * SHUFFLED[:, 2]}
    )
    assert "factor_vae" not in found and found["mig_binned"] == pytest.approx(1)
