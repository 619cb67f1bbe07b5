"""What a map of codes shows besides them: colours, class names, and the first view. No Streamlit and no Plotly."""

from dataclasses import dataclass

import numpy as np

from vae.geometry.plane import Ground, Plane
from vae.runs import Codes


def groups(codes: Codes) -> list[tuple[str, np.ndarray]]:
    """Return each class's name with the indices of its examples, in the order of the map's traces."""
    if codes.labels is None:
        return [("codes", np.arange(len(codes)))]
    return [(class_name(codes, k), np.flatnonzero(codes.labels == k)) for k in present(codes.labels)]


def present(labels: np.ndarray) -> list[int]:
    """Return the labels that occur, in order; found by counting, since sorting a million labels is slow."""
    low, high = int(labels.min(initial=0)), int(labels.max(initial=0))
    if high - low > len(labels):  # numbers that are no count of classes would ask for that much memory
        return [int(k) for k in np.unique(labels)]
    return [int(k) + low for k in np.flatnonzero(np.bincount(labels - low))]


def class_name(codes: Codes, k: int) -> str:
    """Return the name of class k."""
    return codes.classes[k] if 0 <= k < len(codes.classes) else str(k)


@dataclass(frozen=True)
class Outline:
    """What a map of codes shows besides them: its first ranges, each class's median [2], and the prior's centre [2]."""

    x_range: list[float]
    y_range: list[float]
    medians: list[np.ndarray]
    centre: np.ndarray


def outline(codes: Codes, plane: Ground, u: np.ndarray, prior: bool) -> Outline:
    """Return the outline of codes at u [N, 2] on a plane; medians are those of `groups`, none without labels."""
    x_range, y_range = _frame(u, plane, prior)
    medians = [] if codes.labels is None else [np.median(u[index], axis=0) for _, index in groups(codes)]
    return Outline(x_range, y_range, medians, plane.to_plane(np.zeros(codes.means.shape[1])))


def _frame(u: np.ndarray, plane: Ground, prior: bool) -> tuple[list[float], list[float]]:
    """Return the first ranges of the axes: nearly all points (without outliers), and the 3-sigma ring."""
    low, high = np.quantile(u, 0.002, axis=0), np.quantile(u, 0.998, axis=0)
    if prior:
        centre = plane.to_plane(np.zeros(plane.origin.shape)) if isinstance(plane, Plane) else np.zeros(2)
        low, high = np.minimum(low, centre - 3.1), np.maximum(high, centre + 3.1)
    margin = 0.04 * (high - low) + 1e-3
    return (
        [float(low[0] - margin[0]), float(high[0] + margin[0])],
        [float(low[1] - margin[1]), float(high[1] + margin[1])],
    )
