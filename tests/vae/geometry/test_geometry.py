"""Curves and metrics against closed forms, in float64: spheres, cylinders, flat decoders and the hyperbolic plane."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from fake_runs import complete, make_run
from ppca import as_vae, random_ppca
from scipy.spatial.distance import cdist

from vae import runs
from vae.density.torch_log_q import AggregatePosterior
from vae.geometry import attributes, curves, neighbours, routes
from vae.geometry.geodesic import Graph, Grid, geodesics, relax, straight
from vae.geometry.kinds import KINDS
from vae.geometry.metric import Conformal, PullBack, energy, lengths, magnification, mean, pullback
from vae.geometry.scarcity import Scarcity
from vae.model import build
from vae.runs.load import load_model
from vae.spec import PRESETS, preset

pytestmark = pytest.mark.usefixtures("double", "one_thread")
MODELS = sorted(p.parent.name for p in (Path(__file__).resolve().parents[3] / "models").glob("*/spec.json"))


@pytest.fixture
def one_thread():
    """Curves are so small that threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def sphere(z):
    """(colatitude, longitude) to the unit sphere."""
    theta, phi = z[..., 0], z[..., 1]
    return torch.stack([theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()], -1)


def coordinates(x):
    """The unit sphere to (colatitude, longitude)."""
    return np.stack([np.arccos(x[..., 2]), np.arctan2(x[..., 1], x[..., 0])], -1)


def cylinder(z):
    return torch.stack([z[..., 0].cos(), z[..., 0].sin(), z[..., 1]], -1)


def rng(seed=0):
    return np.random.default_rng(seed)


# Lines, great circles, arc length


def test_a_line_is_even_and_ends_where_it_should():
    a, b = np.array([1.0, -2, 0.5]), np.array([0.3, 4, 1])
    found = curves.lerp(a, b, np.linspace(0, 1, 5))
    np.testing.assert_array_equal(found[[0, -1]], [a, b])
    np.testing.assert_allclose(np.diff(found, axis=0), np.tile((b - a) / 4, (4, 1)), atol=1e-15)


@pytest.mark.parametrize("d", [2, 3, 50])
def test_slerp_is_the_rotation_in_the_plane_of_its_ends(d):
    """The closed form without slerp: rotate u towards its orthonormal partner by t times the angle."""
    a, b = rng(1).normal(size=(2, d))
    a, b = 1.7 * a / np.linalg.norm(a), 1.7 * b / np.linalg.norm(b)
    t = np.linspace(0, 1, 9)
    u = a / 1.7
    partner = b / 1.7 - u * (u @ b / 1.7)
    partner /= np.linalg.norm(partner)
    angle = math.acos(u @ b / 1.7)
    expected = 1.7 * (np.outer(np.cos(t * angle), u) + np.outer(np.sin(t * angle), partner))
    found = curves.slerp(a, b, t)
    np.testing.assert_allclose(found, expected, atol=1e-13)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.7, atol=1e-14)
    np.testing.assert_allclose(np.diff(curves.steps(found)), 0, atol=1e-14)


def test_slerp_between_norms_stays_between_them():
    a, b = np.array([2.0, 0]), np.array([-0.5, 1e-4])
    norms = np.linalg.norm(curves.slerp(a, b, np.linspace(0, 1, 20)), axis=1)
    np.testing.assert_allclose(norms, np.linspace(2, np.linalg.norm(b), 20), atol=1e-12)


def test_slerp_at_its_edges():
    t = np.linspace(0, 1, 7)
    zero, a = np.zeros(2), np.array([0.3, 0.4])
    np.testing.assert_array_equal(curves.slerp(zero, a, t), curves.lerp(zero, a, t))
    np.testing.assert_array_equal(curves.slerp(a, a, t), curves.lerp(a, a, t))
    np.testing.assert_allclose(curves.slerp(a, 2 * a, t), curves.lerp(a, 2 * a, t), atol=1e-15)
    tiny = np.array([0.4, 0.3]) * 1e-9
    np.testing.assert_allclose(curves.slerp(a, a + tiny, t), curves.lerp(a, a + tiny, t), atol=1e-16)
    with pytest.raises(ValueError, match="opposite"):
        curves.slerp(a, -3 * a, t)


def test_equal_arc_length_on_a_circle():
    angle = np.pi * np.linspace(0, 1, 4001) ** 3  # walked very unevenly
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    found = curves.resample(circle, 7)
    even = np.linspace(0, np.pi, 7)
    np.testing.assert_allclose(found, np.stack([np.cos(even), np.sin(even)], 1), atol=2e-6)
    corner = curves.resample(np.array([[0.0, 0], [3, 0], [3, 1]]), 5)
    np.testing.assert_allclose(corner, [[0, 0], [1, 0], [2, 0], [3, 0], [3, 1]], atol=1e-15)
    with pytest.raises(ValueError, match="at least 2"):
        curves.resample(circle, 1)


def test_a_curve_without_length_has_places_all_the_same():
    np.testing.assert_array_equal(curves.resample(np.ones((4, 2)), 3), np.ones((3, 2)))


def test_curves_pass_their_waypoints():
    w = rng().normal(size=(4, 3))
    for piece in (curves.lerp, curves.slerp):
        parts = np.stack([piece(a, b, np.linspace(0, 1, 7)) for a, b in pairwise(w)])
        np.testing.assert_allclose(curves.joined(parts)[::6], w, atol=1e-14)


# The metric


def test_the_metric_of_a_linear_decoder_is_its_gram_matrix():
    w = torch.from_numpy(rng().normal(size=(9, 3)))
    z = torch.from_numpy(rng(1).normal(size=(5, 3)))
    assert (pullback(lambda z: z @ w.T + 1, z) - w.T @ w).abs().max() < 1e-13
    expected = torch.linalg.svdvals(w).prod()
    assert (magnification(lambda z: z @ w.T, z) / expected - 1).abs().max() < 1e-13
    ways = torch.linalg.qr(torch.from_numpy(rng(2).normal(size=(3, 2))))[0].T
    assert (magnification(lambda z: z @ w.T, z, ways) / torch.linalg.svdvals(w @ ways.T).prod() - 1).abs().max() < 1e-13


def test_the_sphere_magnifies_by_the_sine_of_the_colatitude():
    z = torch.from_numpy(rng().uniform(0.1, 3, (50, 2)))
    assert (magnification(sphere, z) - z[:, 0].sin()).abs().max() < 1e-14
    assert (magnification(cylinder, z) - 1).abs().max() < 1e-14


def test_a_decoder_that_ignores_a_latent_magnifies_nothing():
    assert magnification(lambda z: z[..., :1].expand(*z.shape[:-1], 5), torch.randn(4, 2)).max() == 0


def test_the_metric_is_that_of_the_mean_of_every_likelihood():
    """Central differences of what `decode` shows, for every preset's decoder."""
    for name in sorted(PRESETS):
        decode = mean(fresh_model(name))
        z = torch.randn(2, 2)
        found = pullback(decode, z)
        step, columns = 1e-5, []
        for j in range(z.shape[1]):
            shift = torch.zeros_like(z)
            shift[:, j] = step
            columns.append((decode(z + shift) - decode(z - shift)) / (2 * step))
        jacobian = torch.stack(columns, -1)
        assert (found - jacobian.mT @ jacobian).abs().max() < 1e-6 * (1 + found.abs().max()), name


def fresh_model(name):
    spec = preset(name, data="digits", shape=(1, 8, 8), latent=2, encoder={"kind": "mlp", "widths": [16]})
    torch.manual_seed(3)
    model = build.model(spec).eval()
    return model.given(torch.tensor(0)) if spec.labels else model


# Geodesics


def test_on_a_flat_decoder_the_geodesic_is_the_line():
    model = as_vae(random_ppca()).double()
    a, b = torch.randn(6, 2), torch.randn(6, 2)
    metric = PullBack(mean(model))
    found = geodesics(metric, a, b, 20, graph=Graph(metric, Grid((-3, 3, -3, 3), 16), torch.float64))
    assert (found.curves - straight(a, b, 20)).abs().max() < 1e-6
    w = torch.from_numpy(random_ppca().weight)
    exact = 0.5 * ((b - a) @ w.T).square().sum(1)
    assert (found.energy - exact).abs().max() < 1e-12
    # and from a start that is far from it
    bent = straight(a, b, 20) + torch.sin(torch.linspace(0, 3 * math.pi, 21))[None, :, None]
    bent[:, [0, -1]] = torch.stack([a, b], 1)
    assert (relax(PullBack(mean(model)), bent, 50) - straight(a, b, 20)).abs().max() < 1e-6


@pytest.mark.parametrize("grid", [None, Grid((0.2, 2.9, -1.5, 1.5), 24)])
def test_on_a_sphere_the_geodesic_is_the_great_circle(grid):
    ends = np.array([[[0.6, -1.1], [1.2, 0.9]], [[2.2, -0.4], [0.9, 1.2]]])
    on = sphere(torch.from_numpy(ends)).numpy()
    graph = grid and Graph(PullBack(sphere), grid, torch.float64)
    found = geodesics(PullBack(sphere), *torch.from_numpy(ends).unbind(1), 16, 300, graph)
    t = np.linspace(0, 1, 17)
    for k in range(2):
        circle = curves.slerp(on[k, 0], on[k, 1], t)
        assert np.abs(sphere(found.curves[k]).numpy() - circle).max() < 1e-6
        angle = math.acos(on[k, 0] @ on[k, 1])
        # sixteen chords of the great circle
        assert found.energy[k].item() == pytest.approx(0.5 * (16 * 2 * math.sin(angle / 32)) ** 2, abs=1e-9)
        np.testing.assert_allclose(found.curves[k].numpy(), coordinates(circle), atol=1e-6)
    assert (found.energy < found.line_energy).all()


def test_on_a_cylinder_the_geodesic_is_a_helix():
    a, b = torch.tensor([[0.0, 0.0]]), torch.tensor([[2.5, 1.0]])
    found = geodesics(PullBack(cylinder), a, b, 12)
    assert (found.curves - straight(a, b, 12)).abs().max() < 1e-6


def test_geodesic_is_the_hyperbolic_half_circle():
    """Under a cost of one over height it is the hyperbolic half circle."""
    metric = Conformal(lambda z: -z[..., 1].log())
    a, b = torch.tensor([[-1.0, 0.5]]), torch.tensor([[1.4, 0.8]])
    for grid in (None, Grid((-2, 2, 0.05, 2), 30)):
        found = geodesics(metric, a, b, 20, 400, grid and Graph(metric, grid, torch.float64))
        x, y = found.curves[0].T
        # the circle about a point of the axis through both ends
        centre = ((b.square().sum() - a.square().sum()) / (2 * (b[0, 0] - a[0, 0]))).item()
        radius = math.hypot(a[0, 0].item() - centre, 0.5)
        assert ((x - centre).square() + y.square() - radius**2).abs().max() < 1e-6
        distance = math.acosh(1 + ((b - a).square().sum() / (2 * a[0, 1] * b[0, 1])).item())
        expected = 2 * math.sinh(distance / 40)
        assert (lengths(metric, found.curves)[0] - expected).abs().max() < 1e-6


def test_geodesic_of_a_bowl_is_scipys_boundary_value_problem():
    """On the graph of f = |z|^2 / 2 a geodesic is z'' = -z |z'|^2 / (1 + |z|^2), its Christoffel symbols."""
    from scipy.integrate import solve_bvp

    a, b = np.array([-1.0, 0.4]), np.array([1.2, 0.9])

    def slope(t, y):
        z, v = y[:2], y[2:]
        return np.vstack([v, -z * (v**2).sum(0) / (1 + (z**2).sum(0))])

    def ends(first, last):
        return np.concatenate([first[:2] - a, last[:2] - b])

    t = np.linspace(0, 1, 65)
    start = np.vstack([np.outer(a, 1 - t) + np.outer(b, t), np.tile((b - a)[:, None], len(t))])
    exact = solve_bvp(slope, ends, t, start, tol=1e-10, max_nodes=100_000)
    assert exact.success
    bowl = PullBack(lambda z: torch.cat([z, z.square().sum(-1, keepdim=True) / 2], -1))
    away = []
    for steps in (16, 32):  # chords come nearer to the curve with the square of their number
        found = geodesics(bowl, torch.from_numpy(a)[None], torch.from_numpy(b)[None], steps, 400)
        away.append(np.abs(found.curves[0].numpy().T - exact.sol(np.linspace(0, 1, steps + 1))[:2]).max())
    assert away[1] < 2e-3 and away[1] < 0.35 * away[0]


def test_a_hill_on_the_way_is_passed_at_its_side():
    """From the line alone a symmetric hill has no side to fall to; the grid finds one."""
    metric = Conformal(lambda z: 3 * (-4 * z.square().sum(-1)).exp())
    a, b = torch.tensor([[-2.0, 0.0]]), torch.tensor([[2.0, 0.0]])
    line = geodesics(metric, a, b, 24)
    round_it = geodesics(metric, a, b, 24, graph=Graph(metric, Grid((-2.5, 2.5, -2.5, 2.5), 32), torch.float64))
    assert round_it.energy.item() < 0.5 * line.energy.item()
    assert round_it.curves[0, :, 1].abs().max() > 0.5


def test_grid_route_in_a_flat_space_is_nearly_the_line():
    """The shortest way over a grid of a flat space is nearly the line."""
    metric = PullBack(lambda z: z)
    a, b = torch.tensor([[-1.0, -0.9], [0.3, 0.9]]), torch.tensor([[0.8, 0.4], [0.3, -0.9]])
    found = Graph(metric, Grid((-1, 1, -1, 1), 21), torch.float64).shortest(a, b, 10)
    length = lengths(metric, found).sum(1)
    exact = (b - a).norm(dim=1)
    # the sixteen directions lie at most 13.3 degrees from any other
    assert (length >= exact - 1e-12).all() and (length <= exact * 1.06).all()
    assert (found[:, 0] == a).all() and (found[:, -1] == b).all()


def test_energy_bounds_length_and_is_equal_at_constant_speed():
    curve = torch.randn(5, 9, 3)
    metric = PullBack(lambda z: z)
    half = 0.5 * lengths(metric, curve).sum(1).square()
    assert (energy(metric, curve) >= half).all()
    even = straight(curve[:, 0], curve[:, -1], 8)
    assert (energy(metric, even) - 0.5 * (curve[:, -1] - curve[:, 0]).square().sum(1)).abs().max() < 1e-12


def test_a_metric_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="nearer"):
        geodesics(PullBack(lambda z: z / 0), torch.zeros(1, 2), torch.ones(1, 2), 4)


@pytest.mark.parametrize("name", MODELS)
def test_a_geodesic_is_never_longer_than_the_line(name):
    torch.set_default_dtype(torch.float32)
    run = runs.find(name, [runs.shipped()])
    model, codes = load_model(run), run.codes
    waypoints = codes.means[rng().choice(len(codes), 3, replace=False)].astype(np.float64)
    world = routes.world(model, codes, waypoints, most=500, side=24, iterations=20)
    found = routes.route("geodesic", world, waypoints, 6)
    assert found.energy <= found.line_energy
    assert found.energy < 0.999 * found.line_energy, "and here some way is better than the line"
    np.testing.assert_array_equal(found.points[::6], waypoints)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_nor_is_it_in_any_preset(name, tmp_path):
    torch.set_default_dtype(torch.float32)
    run = complete(
        make_run(tmp_path, "m", name, data="digits", shape=(1, 8, 8), encoder={"kind": "mlp", "widths": [16]})
    )
    model = load_model(run)
    model = model.given(torch.tensor(0)) if run.spec.labels else model
    waypoints = run.codes.means[:3].astype(np.float64)
    world = routes.world(model, run.codes, waypoints, most=100, side=12, iterations=20)
    for kind in KINDS:
        if KINDS[kind].densities and not run.spec.probabilistic:
            with pytest.raises(ValueError, match="aggregate posterior"):
                routes.route(kind, world, waypoints, 6)
            continue
        found = routes.route(kind, world, waypoints, 6)
        assert np.isfinite(found.points).all() and np.isfinite(found.energy)
        np.testing.assert_allclose(found.points[::6], waypoints, atol=1e-12)
        if kind == "geodesic":
            assert found.energy <= found.line_energy
        if kind == "line":
            assert found.energy == found.line_energy


# Ways through the data


def test_a_way_through_the_data_stays_where_the_data_are():
    """Codes on a ring: the straight line crosses the empty middle."""
    angle = torch.linspace(0, 2 * math.pi, 201)[:-1]
    aggregate = AggregatePosterior(2 * torch.stack([angle.cos(), angle.sin()], 1), torch.full((200, 2), 0.15))
    world = routes.World(lambda z: z, aggregate, Grid((-2.5, 2.5, -2.5, 2.5), 40), torch.float64)
    waypoints = np.array([[2.0, 0.0], [-2.0, 0.1]])
    found = routes.route("data", world, waypoints, 30)
    # inner lane: shorter, and still within a width or so of the ring
    radius = np.linalg.norm(found.points, axis=1)
    assert radius.min() > 1.5 and radius.max() < 2.1
    along = aggregate.log_prob(torch.from_numpy(found.points)).min()
    across = aggregate.log_prob(torch.from_numpy(routes.line(world, *waypoints, 30))).min()
    assert along > aggregate.typical() - 3 and across < aggregate.typical() - 50


def test_cost_is_one_among_data_and_grows_per_nat():
    """The cost is one where data abound and grows by its strength per nat."""
    aggregate = AggregatePosterior(torch.zeros(1, 1), torch.ones(1, 1))
    far = torch.tensor([[60.0], [61.0]])
    cost = Scarcity(aggregate, aggregate.typical(), 2.0)(far).exp()
    nats = aggregate.typical() - aggregate.log_prob(far)
    assert (cost - (1 + 2 * nats)).abs().max() < 1e-9
    assert Scarcity(aggregate, aggregate.typical() - 60)(torch.zeros(1, 1)).abs().item() < 1e-12


def test_geodesic_frames_are_equally_spaced_in_pixels():
    """Frames of a geodesic are equally far apart in pixels and of a line in z."""
    world = routes.World(sphere, dtype=torch.float64)
    waypoints = np.array([[0.5, 0.0], [1.5, 1.0], [1.0, 1.5]])
    t = np.linspace(0, 1, 9)
    found = routes.route("geodesic", world, waypoints, 40)
    way = np.interp(t, found.share, found.way)
    np.testing.assert_allclose(np.diff(way), found.way[-1] / 8, atol=1e-12)
    line = routes.route("line", world, waypoints, 40)
    np.testing.assert_allclose(np.diff(line.share), curves.steps(line.points) / curves.steps(line.points).sum())
    on = sphere(torch.from_numpy(waypoints)).numpy()
    exact = sum(math.acos(p @ q) for p, q in pairwise(on))
    assert found.way[-1] == pytest.approx(exact, rel=1e-4)


def test_a_piece_does_not_depend_on_the_others():
    world = routes.World(sphere, grid=Grid((0.2, 2.9, -1.5, 1.5), 12), dtype=torch.float64)
    w = np.array([[0.5, 0.0], [1.5, 1.0], [1.0, -1.2], [2.0, 0.3]])
    whole = routes.route("geodesic", world, w, 8)
    last = routes.route("geodesic", world, w[2:], 8)
    np.testing.assert_array_equal(whole.points[16:], last.points)
    made = list(routes.pieces("geodesic", world, w, 8))
    again = list(routes.pieces("geodesic", world, w, 8, made[:2]))
    np.testing.assert_array_equal(made, again)


def test_a_path_needs_two_waypoints():
    for bad in (np.zeros((1, 2)), np.zeros(2), np.array([[0, np.nan], [1, 1]])):
        with pytest.raises(ValueError, match="two waypoints"):
            routes.route("line", routes.World(sphere), bad)


# Attributes


def test_the_vector_and_effect_of_two_normals():
    """Means a distance of 2 apart at unit variance: Cohen's d is 2."""
    n, d = 4000, 5
    z = rng().normal(size=(2 * n, d))
    z[:n, 0] += 2
    found = attributes.attribute(z, np.arange(n), np.arange(n, 2 * n), repeats=50)
    np.testing.assert_allclose(found.vector, z[:n].mean(0) - z[n:].mean(0), atol=1e-12)
    assert abs(found.effect - 2) < 4 * found.se
    assert found.se == pytest.approx(math.sqrt(2 / n + 4 / (4 * n)), rel=0.05)
    assert found.beyond == 1 / 51


def test_the_stated_error_is_the_spread_over_draws():
    drawn = []
    for seed in range(300):
        z = rng(seed).normal(size=(120, 1))
        z[:60] += 0.8
        drawn.append(attributes.attribute(z, np.arange(60), np.arange(60, 120), repeats=1))
    spread = np.std([a.effect for a in drawn])
    assert spread == pytest.approx(np.mean([a.se for a in drawn]), rel=0.15)


def test_random_groups_in_many_dimensions_show_no_effect():
    """Along a direction made of the same codes they would: by about 2 sqrt(d / n)."""
    z = rng().normal(size=(400, 50))
    a, b = np.arange(40), np.arange(40, 80)
    found = attributes.attribute(z, a, b)
    assert abs(found.random.mean()) < 0.1 and found.beyond > 0.01
    vector = z[a].mean(0) - z[b].mean(0)
    assert attributes.cohens_d(z[a] @ vector, z[b] @ vector) > 1


def test_groups_that_cannot_be_compared_are_refused():
    z = rng().normal(size=(50, 2))
    with pytest.raises(ValueError, match="at least 4"):
        attributes.attribute(z, np.arange(3), np.arange(10, 20))
    with pytest.raises(ValueError, match="share 5"):
        attributes.attribute(z, np.arange(15), np.arange(10, 25))


def test_neighbours_are_those_within_the_radius():
    codes, z = rng().normal(size=(500, 3)), rng(1).normal(size=(20, 3))
    np.testing.assert_array_equal(neighbours.count(codes, z, 0.7), (cdist(z, codes) <= 0.7).sum(1))


def test_usual_radius_gives_the_wanted_neighbours():
    """The usual radius gives the median code so many neighbours."""
    codes = rng().normal(size=(301, 2))
    radius = neighbours.usual_radius(codes, 10, 301)
    assert np.median(neighbours.count(codes, codes, radius)) == 11  # and itself
