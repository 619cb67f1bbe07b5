"""Samples come from the distribution they claim, grids lie as the map does, and the nearest image is the nearest."""

import math

import brute_force
import numpy as np
import pytest
import torch
from fake_runs import SMALL, complete, make_run
from scipy import stats
from torch.distributions import Categorical, Independent, Laplace, MixtureSameFamily, MultivariateNormal

from vae.density import copies, expost, holes
from vae.density.draws import Region, RegionError, confined, from_aggregate, from_density, images
from vae.evaluation import codes as evaluation_codes
from vae.geometry import manifold, traversal
from vae.geometry.plane import Plane, pair, rates
from vae.model.families import DeltaDistribution, couplings
from vae.model.families.flow import FlowDistribution
from vae.model.families.tempering import temper
from vae.model.priors import normal
from vae.runs import Codes

LEAST = 1e-3  # p-values below this, one in a thousand with these seeds, are a failure


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def standard(d: int = 2):
    return normal(torch.zeros(d), torch.ones(d))


# Temperature


@pytest.mark.parametrize("t", [0.25, 1.0, 2.0])
def test_prior_samples_are_normal_with_sigma_t(t):
    z = from_density(standard(3), t)(4000, generator()).numpy()
    assert z.shape == (4000, 3)
    for j in range(3):
        assert stats.kstest(z[:, j], stats.norm(0, t).cdf).pvalue > LEAST
    assert abs(np.corrcoef(z.T)[0, 1]) < 0.06
    # and the test has the power to see a uniform, or a temperature that is off by a tenth
    assert stats.kstest(z[:, 0], stats.norm(0, 1.1 * t).cdf).pvalue < LEAST


@pytest.mark.parametrize("t", [0.5, 3.0])
def test_tempered_normal_is_a_power_of_the_density(t):
    """A tempered normal is the density to the power of one over t squared."""
    axis = torch.linspace(-12, 12, 4001, dtype=torch.float64)[:, None]
    density = normal(torch.tensor([0.7], dtype=torch.float64), torch.tensor([0.6], dtype=torch.float64))
    powered = density.log_prob(axis) / t**2
    powered = powered - torch.logsumexp(powered, 0) - math.log(float(axis[1] - axis[0]))
    assert torch.allclose(temper(density, t).log_prob(axis), powered, atol=1e-9)


def test_one_seed_follows_the_temperature():
    flow = FlowDistribution(standard(), list(couplings(2, 2, 4)))
    parts = normal(torch.tensor([[0.0, 0.0], [5.0, 1.0]]), torch.tensor([[1.0, 2.0], [0.1, 0.2]]))
    mixture = MixtureSameFamily(Categorical(logits=torch.zeros(2)), parts)
    full = MultivariateNormal(torch.tensor([1.0, 2.0]), scale_tril=torch.tensor([[1.0, 0.0], [0.7, 0.5]]))
    laplace = Independent(Laplace(torch.zeros(2), torch.ones(2)), 1)
    for density in (standard(), flow, mixture, full, laplace):
        cold, one, warm = (from_density(density, t)(64, generator(3)) for t in (1e-6, 1.0, 2.0))
        assert torch.allclose(warm - cold, 2 * (one - cold), atol=1e-4)
        assert torch.equal(one, from_density(density)(64, generator(3)))
    assert set(np.unique(np.rint(from_density(mixture, 1e-6)(200, generator()).numpy()), axis=0)[:, 0]) == {0, 5}


def test_a_point_stays_a_point_and_a_temperature_is_positive():
    point = DeltaDistribution(torch.ones(4, 2))
    assert temper(point, 3.0) is point
    for wrong in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="positive"):
            temper(standard(), wrong)


@pytest.mark.parametrize("kind", expost.KINDS)
def test_a_fitted_density_can_be_tempered(kind):
    points = np.random.default_rng(0).normal([3.0, -1.0], [0.5, 2.0], (600, 2))
    density = expost.fit(points, kind, components=1, steps=30).distribution
    cold, one, warm = (from_density(density, t)(2000, generator()).double().numpy() for t in (1e-6, 1.0, 2.0))
    assert np.allclose(cold.mean(0), [3, -1], atol=0.2) and cold.std(0).max() < 0.05
    assert np.allclose(one.std(0), [0.5, 2.0], rtol=0.15) and np.allclose(warm.std(0), [1.0, 4.0], rtol=0.15)


# The aggregate posterior


def test_the_aggregate_posterior_is_the_mixture_of_its_codes():
    means, scales = torch.tensor([[-2.0], [0.0], [3.0]]), torch.tensor([[0.1], [1.0], [0.5]])

    def posterior(index):
        return normal(means[index], scales[index])

    for t in (0.5, 1.0, 2.0):
        z = from_aggregate(posterior, 3, t)(6000, generator())[:, 0].numpy()

        def cdf(x, t=t):
            return np.mean([stats.norm.cdf(x, m, t * s) for m, s in zip(means, scales, strict=True)], 0)

        assert stats.kstest(z, cdf).pvalue > LEAST
    points = from_aggregate(lambda i: DeltaDistribution(means[i]), 3, 5.0)(50, generator())
    assert set(points[:, 0].tolist()) == {-2.0, 0.0, 3.0}
    with pytest.raises(ValueError, match="no codes"):
        from_aggregate(posterior, 0)


# Regions


def test_a_region_holds_what_lies_in_its_polygon():
    plane = pair(3, 0, 2)
    square = Region.box(0, 2, -1, 1, plane)
    z = np.array([[1.0, 9.0, 0.0], [-1.0, 9.0, 0.0], [1.0, 9.0, 1.5], [1.9, 0.0, -0.9]])
    assert square.contains(z).tolist() == [True, False, False, True]
    # a C-shape: what lies in its mouth is outside
    c = Region(np.array([[0, 0], [3, 0], [3, 1], [1, 1], [1, 2], [3, 2], [3, 3], [0, 3.0]]), pair(2, 0, 1))
    assert c.contains(np.array([[0.5, 1.5], [2.0, 1.5], [2.0, 0.5], [2.0, 2.5]])).tolist() == [True, False, True, True]
    for wrong in (np.zeros((2, 2)), np.full((4, 2), np.nan), np.zeros(4)):
        with pytest.raises(RegionError, match="draw it again"):
            Region(wrong, plane)


def test_a_confined_prior_is_the_truncated_normal():
    region = Region.box(0.5, 2.0, -9, 9, pair(2, 0, 1))
    z = confined(from_density(standard()), region)(3000, generator()).numpy()
    assert z.shape == (3000, 2) and region.contains(z).all()
    assert stats.kstest(z[:, 0], stats.truncnorm(0.5, 2.0).cdf).pvalue > LEAST
    assert stats.kstest(z[:, 1], stats.norm.cdf).pvalue > LEAST


def test_a_hopeless_region_says_so():
    far = Region.box(30, 31, 30, 31, pair(2, 0, 1))
    with pytest.raises(RegionError, match="larger region"):
        confined(from_density(standard()), far, most=20_000)(4, generator())


# Images


def test_a_mean_is_the_mean_and_a_sample_is_a_sample(tmp_path):
    from vae.runs.load import load_model

    run = complete(make_run(tmp_path, "run", **SMALL))
    model = load_model(run)
    z = torch.zeros(1, 2).expand(3000, 2)
    mean, drawn = images(model, z), images(model, z, generator())
    assert torch.allclose(mean, model.decode(z[:1]).mean.expand_as(mean), atol=1e-6)
    assert set(drawn.unique().tolist()) == {0.0, 1.0}  # a Bernoulli likelihood's samples are black or white
    error = (drawn.mean(0) - mean[0]).abs() / (mean[0] * (1 - mean[0]) / 3000).sqrt()
    assert error.max() < 5
    assert torch.equal(drawn, images(model, z, generator())) and not torch.equal(drawn, images(model, z, generator(1)))


# Copies


@pytest.mark.parametrize("binary", [False, True])
def test_the_nearest_image_is_that_of_brute_force(binary):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 2 if binary else 17, (5000, 1, 8, 8)).astype(np.uint8)
    levels = 1 if binary else 16
    train = copies.Images.of(pixels, levels, binary)
    x = rng.uniform(0, 1, (20, 1, 8, 8)).astype(np.float32)
    x[3] = pixels[4321].astype(np.float32) / np.float32(levels)
    index, distance = copies.nearest(x, train)
    every = np.sqrt(((x[:, None].astype(np.float64) - pixels / levels) ** 2).sum((2, 3, 4)))
    assert np.array_equal(index, every.argmin(1)) and np.allclose(distance, every.min(1), atol=1e-6)
    assert index[3] == 4321 and distance[3] < 1e-6  # a copy is found, at no distance
    assert np.allclose(train.floats(np.array([7, 9])).reshape(2, 1, 8, 8), pixels[[7, 9]] / levels)
    with pytest.raises(ValueError, match="64"):
        copies.nearest(x[..., :4], train)


def test_copy_verdict_is_a_share_of_held_out_images():
    """The verdict is the share of held out images that are as near."""
    reference = np.array([4.0, 1.0, 3.0, 2.0])
    assert copies.rank(np.array([0.5, 1.0, 2.5, 9.0]), reference).tolist() == [0.0, 0.25, 0.5, 1.0]


# Holes


def test_log_q_is_the_exact_aggregate_with_and_without_a_code():
    rng = np.random.default_rng(0)
    means, scales = rng.normal(0, 2, (40, 3)), rng.uniform(0.05, 1, (40, 3))
    codes, z = holes.Aggregate(means, scales), rng.normal(0, 2, (25, 3))
    assert np.allclose(codes.log_prob(z), brute_force.log_q(means, scales, z), atol=1e-9)
    others = np.delete(np.arange(40), 7)
    without = holes.Aggregate(means[others], scales[others])
    assert np.allclose(codes.log_prob(z, np.full(25, 7)), without.log_prob(z), atol=1e-9)
    index, distance = codes.nearest(means, np.arange(40))
    brute = np.linalg.norm(means[:, None] - means, axis=2) + np.where(np.eye(40), np.inf, 0)
    assert np.array_equal(index, brute.argmin(1)) and np.allclose(distance, brute.min(1))
    with pytest.raises(TypeError, match="points"):
        holes.Aggregate(means, None).log_prob(z)


def test_trusted_q_judges_by_ratio_and_others_by_distance():
    """A trustworthy q judges by its ratio and any other by distance."""
    rng = np.random.default_rng(0)
    means = rng.normal(0, 1, (4000, 2))
    codes = holes.Aggregate(means, np.full_like(means, 0.3))
    log_p = stats.norm.logpdf(means[codes.judges()]).sum(1)
    found = holes.calibrate(codes, log_p)
    assert found.trusted and found.strays < 0.05
    assert holes.inside(found, np.array([-2.1, -1.9]), np.array([0.0, 99.0])).tolist() == [False, True]
    wide = rng.normal(0, 1, (60, 20))
    lonely = holes.Aggregate(wide, np.full_like(wide, 0.05))
    log_p = stats.norm.logpdf(wide[lonely.judges()]).sum(1)
    alone = holes.calibrate(lonely, log_p)
    assert not alone.trusted
    near = alone.far
    assert holes.inside(alone, np.array([9.0, 9.0]), np.array([0.9 * near, 1.1 * near])).tolist() == [True, False]
    assert not holes.calibrate(holes.Aggregate(means, None), None).trusted
    with pytest.raises(ValueError, match="two codes"):
        holes.calibrate(holes.Aggregate(means[:1], None), None)


@pytest.mark.parametrize("latents", [2, 6, 20])
@pytest.mark.parametrize("sigma", [0.1, 0.6])
def test_distances_find_no_holes_where_q_is_the_prior(latents, sigma):
    """However many codes there are and whatever their widths, as many draws of p(z) as of q(z) are far from them."""
    rng = np.random.default_rng(latents)
    for count in (500, 4000):
        means = rng.normal(0, np.sqrt(1 - sigma**2), (count, latents))
        codes = holes.Aggregate(means, np.full_like(means, sigma))
        away = codes.nearest(rng.normal(size=(2000, latents)))[1] > holes.calibrate(codes, None).far
        error = np.sqrt(0.05 * 0.95 * (1 / holes.JUDGES + 1 / 2000))
        assert abs(away.mean() - (1 - holes.NEAR)) < 4 * error


def test_distances_find_the_empty_half_whatever_the_count():
    rng = np.random.default_rng(0)
    shares = []
    for count in (500, 2000, 8000):
        half = np.c_[np.abs(rng.normal(size=count)), rng.normal(size=count)]  # q(z) = 2 p(z) where z_1 > 0
        codes = holes.Aggregate(half, None)
        shares.append((codes.nearest(rng.normal(size=(2000, 2)))[1] > holes.calibrate(codes, None).far).mean())
    assert min(shares) > 0.4 and max(shares) < 0.55 and max(shares) - min(shares) < 0.06


# Grids


def test_a_grid_lies_as_the_map_does():
    across, up = manifold.linear(-3, 3, 4), manifold.linear(0, 10, 2)
    u = manifold.grid(across, up)
    assert u.shape == (2, 4, 2)
    assert np.allclose(across, [-2.25, -0.75, 0.75, 2.25])
    assert np.allclose(u[0, 0], [-2.25, 7.5]) and np.allclose(u[1, 3], [2.25, 2.5])  # the top row is the highest z2
    plane = Plane(np.array([1.0, 0.0, 0.0]), np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), ("a", "b"))
    assert np.allclose(plane.to_latent(u)[0, 0], [1, -2.25, 7.5])
    for wrong in (lambda: manifold.linear(1, 1, 3), lambda: manifold.linear(0, 1, 0)):
        with pytest.raises(ValueError, match="grid|range"):
            wrong()


def test_quantile_spacing_gives_each_cell_as_much_of_the_prior():
    assert np.allclose(manifold.normal_quantiles(9), stats.norm.ppf((np.arange(9) + 0.5) / 9), atol=1e-9)
    values = np.random.default_rng(0).exponential(size=2000)
    found = manifold.quantiles(values, 5)
    assert np.allclose(found, np.quantile(values, [0.1, 0.3, 0.5, 0.7, 0.9]))


# Traversals


def clumps(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes whose q(z) is 0.5 N((-1.2, 0), S) + 0.5 N((1.2, 0), S), S = diag(0.5, 0.9)^2 + 0.05^2."""
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(n, 2)) * [0.5, 0.9] + np.where(rng.integers(0, 2, (n, 1)) == 1, [1.2, 0], [-1.2, 0])
    return means, np.full((n, 2), 0.05)


def round_codes(spread: float, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes whose q(z) is N(0, spread^2 I)."""
    means = np.random.default_rng(seed).normal(size=(n, 2)) * (spread**2 - 0.1**2) ** 0.5
    return means, np.full((n, 2), 0.1)


@pytest.mark.parametrize("n", [300, 1000, 4000])
@pytest.mark.parametrize("which", ["clumps", 0.5, 0.98])
def test_share_of_holes_is_that_of_the_known_q_for_any_number_of_codes(n, which):
    z = np.random.default_rng(9).normal(size=(4000, 2))
    log_p = stats.norm.logpdf(z).sum(1)
    if which == "clumps":
        wide = np.array([0.5, 0.9]) ** 2 + 0.05**2
        sides = [stats.norm.logpdf(z, [c, 0], wide**0.5).sum(1) for c in (-1.2, 1.2)]
        means, scales, true = *clumps(n, n), np.logaddexp(*sides) - math.log(2) - log_p
    else:
        means, scales = round_codes(which, n, n)
        true = stats.norm.logpdf(z, 0, which).sum(1) - log_p
    expected = (true < holes.HOLE).mean()
    found = (holes.Aggregate.of_population(means, scales).log_prob(z) - log_p < holes.HOLE).mean()
    assert found == pytest.approx(expected, abs=0.03 + 2 / n**0.5)
    # the codes' own mixture has more, and the fewer they are, the more it has
    assert (holes.Aggregate(means, scales).log_prob(z) - log_p < holes.HOLE).mean() > found


def test_codes_of_a_single_place_are_widened_by_nothing():
    means, scales = np.zeros((50, 3)), np.full((50, 3), 0.4)
    assert np.array_equal(holes.widths(means, scales), scales)


def codes(n: int = 800) -> Codes:
    """Four dimensions, told strongly, not at all, weakly and strongly but with a wide q."""
    rng = np.random.default_rng(0)
    means = rng.normal(0, 1, (n, 4)) * np.array([1.0, 1e-4, 0.5, 1.0])
    scales = np.tile(np.array([0.1, 1.0, 0.8, 0.5]), (n, 1))
    return Codes(means.astype(np.float32), scales.astype(np.float32), None, (), "test")


def test_dimensions_are_ordered_by_kl_and_dead_ones_say_why():
    """Dimensions come in the order of their KL and dead ones say why."""
    found = traversal.dimensions(codes(), normal=True)
    assert [d.index for d in found] == [0, 3, 2, 1]
    kl = rates(codes())
    assert np.allclose([d.kl for d in found], kl[[0, 3, 2, 1]]) and all((d.low, d.high) == (-3, 3) for d in found)
    assert [bool(d.dead) for d in found] == [False, False, False, True]
    assert "0.0000 nats" in found[3].dead and "0.01" in found[3].dead
    active = evaluation_codes.active_units(torch.from_numpy(codes().means))
    assert np.allclose(sorted(d.variance for d in found), sorted(active.variance.numpy()), rtol=1e-5)


def test_dimensions_without_normal_prior_go_by_variance():
    """Without a normal prior they come by variance over the codes' range."""
    bare = Codes(codes().means * 50, None, None, (), "test")
    found = traversal.dimensions(bare, normal=False)
    assert found[-1].index == 1 and found[-1].kl is None and found[-1].dead
    assert not any(d.dead for d in found[:3])
    first = bare.means[:, found[0].index]
    assert np.allclose([found[0].low, found[0].high], np.quantile(first, [0.005, 0.995]))


def test_a_traversal_moves_one_dimension_and_leaves_the_others():
    start = np.array([0.3, -0.2, 0.9, 4.0])
    dimension = traversal.dimensions(codes(), normal=True)[1]
    z = traversal.frames(start, dimension, 7)
    assert np.allclose(z[:, 3], [-3, -2, -1, 0, 1, 2, 3]) and np.allclose(np.delete(z, 3, 1), np.delete(start, 3))
    with pytest.raises(ValueError, match="two frames"):
        traversal.frames(start, dimension, 1)
