"""A path as files: JSON that reloads, the Python that makes it again, and its frames as GIF, WebP, MP4 or PNG."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from ui.paths import video
from ui.shared import library
from ui.state.texts import FEWEST, LIMIT, MOST, Waypoints
from ui.words import phrase, say, say_n
from vae.geometry import curves
from vae.geometry.kinds import KINDS
from vae.runs import Run
from vae.spec import json_text

FORMAT, VERSION = "latent-path", 1
LARGEST = 2 << 20  # bytes of an upload: a path of a thousand latents is far smaller
FRAMES = 48  # of an animation
SECONDS = 3.2  # that it lasts
SIDE = 128  # pixels that an image's longer side has at least in an animation


class PathError(ValueError):
    """A file that is no path of this model; the message names the problem and the remedy."""


@dataclass(frozen=True)
class Path:
    """A path as it is saved: its kind, its waypoints [K + 1, d], its curve's points [M, d], and their `share` [M]."""

    model: str
    kind: str
    waypoints: np.ndarray
    points: np.ndarray
    share: np.ndarray

    def at(self, n: int) -> np.ndarray:
        """Return n places [n, d], evenly along the share of the way."""
        return curves.at(self.points, self.share, np.linspace(0, 1, n))


def to_json(path: Path) -> str:
    """Return the path as JSON; numbers are written so that reading gives the same float64 again, to the last bit."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "model": path.model,
        "kind": path.kind,
        "waypoints": path.waypoints.tolist(),
        "points": path.points.tolist(),
        "share": path.share.tolist(),
    }
    return json.dumps(content, indent=1, allow_nan=False)


def from_json(content: bytes, run: Run) -> Path:
    """Return the path of an uploaded file; raises PathError. Nothing in the file is executed."""
    if len(content) > LARGEST:
        raise PathError(
            say(
                "The file has {count:,} bytes, and a path at most {most:,}. Choose a path's JSON.",
                count=len(content),
                most=LARGEST,
            )
        )
    try:
        found = json_text.loads(content)
    except ValueError as error:
        why = say(str(error)[:80])
        raise PathError(say("The file is not JSON: {why}. Choose the JSON that this page saves.", why=why)) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise PathError(
            say(
                "The file is JSON, but not a path: it lacks “format”: “{format}”. Choose one that this page saves.",
                format=FORMAT,
            )
        )
    if found.get("version") != VERSION:
        theirs = str(found.get("version"))[:20]
        raise PathError(say("The path is of version {theirs}, and this app reads {ours}.", theirs=theirs, ours=VERSION))
    d = run.spec.latent
    waypoints = _array(found.get("waypoints"), "waypoints", d)
    if not FEWEST <= len(waypoints) <= MOST:
        raise PathError(
            say(
                "The path has {count} waypoints; {fewest} to {most} are shown.",
                count=len(waypoints),
                fewest=FEWEST,
                most=MOST,
            )
        )
    points = _array(found.get("points"), "points", d)
    share = _array([[v] for v in found["share"]] if isinstance(found.get("share"), list) else None, "share", 1)[:, 0]
    if len(share) != len(points) or len(points) < 2 or share[0] != 0 or share[-1] != 1 or (np.diff(share) < 0).any():
        raise PathError(say("The share of the way must go from 0 to 1, with one number for each of the points."))
    kind = found.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise PathError(say("The kind of the path is unknown; known kinds are {kinds}.", kinds=", ".join(KINDS)))
    return Path(str(found.get("model", ""))[:80], kind, waypoints, points, share)


def _array(value: Any, name: str, d: int) -> np.ndarray:
    """Return a list of lists of d numbers as float64 [M, d]; raises PathError."""
    rows = value if isinstance(value, list) else []
    numbers = all(
        isinstance(row, list)
        and len(row) == d
        and all(isinstance(v, int | float) and not isinstance(v, bool) for v in row)
        for row in rows
    )
    if not rows or not numbers:
        other = next((row for row in rows if not isinstance(row, list) or len(row) != d), None)
        found = say("rows of {count}", count=len(other)) if isinstance(other, list) else say("something else")
        if rows and other is None:
            found = say("values that are not numbers")
        raise PathError(
            say_n(
                "The path's {name} must be rows of 1 number, but the file has {found}.",
                "The path's {name} must be rows of {n} numbers, but the file has {found}.",
                d,
                name=name,
                found=found,
            )
        )
    array = np.array(rows, np.float64)
    if not (np.abs(array) <= LIMIT).all():  # false for NaN too
        raise PathError(say("The path's {name} must lie within ±{limit:g}.", name=name, limit=LIMIT))
    return array


def to_python(run: Run, kind: str, waypoints: Waypoints) -> str:
    """Return the lines that make this path again in a notebook, and decode its twelve frames."""
    rows = "".join(f"    [{', '.join(repr(float(v)) for v in z)}],\n" for z in waypoints)
    given = f"model = model.given(torch.tensor(0))  # {say('decoded as the first label')}\n"
    label = given if run.spec.labels else ""
    return f"""\
import numpy as np
import torch

from vae import runs
from vae.geometry import curves, routes
from vae.runs.load import load_model

run = runs.find({run.name!r})
model = load_model(run)
{label}waypoints = np.array([
{rows}])
world = routes.world(model, run.codes, waypoints)
path = routes.route({kind!r}, world, waypoints)
z = curves.at(path.points, path.share, np.linspace(0, 1, 12))
with torch.no_grad():
    frames = model.decode(torch.from_numpy(z).float()).mean
"""


def frames(run: Run, path: Path, n: int) -> np.ndarray:
    """Return the decoded means at n places, uint8 [n, H, W, C] with one channel or three; raises RunError."""
    images = np.rint(library.decode(run, path.at(n)) * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    return images if images.shape[-1] == 3 else images[..., :1]


def _pictures(images: np.ndarray, times: int = 1) -> list[Image.Image]:
    large = images.repeat(times, 1).repeat(times, 2)
    return [Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image) for image in large]


def _times(images: np.ndarray) -> int:
    """Return the whole factor by which pixels are enlarged, so that none is blurred."""
    return max(1, -(-SIDE // max(images.shape[1:3])))


def _animated(images: np.ndarray, format_name: str, **options: Any) -> bytes:
    first, *rest = _pictures(images, _times(images))
    buffer = io.BytesIO()
    # a GIF counts in hundredths: 66.7 ms become 70, 60, 70, ..., so that all together take SECONDS
    ends = np.rint(np.arange(len(images) + 1) * 100 * SECONDS / len(images)).astype(int)
    duration = (10 * np.diff(ends)).tolist()
    first.save(buffer, format_name, save_all=True, append_images=rest, duration=duration, loop=0, **options)
    return buffer.getvalue()


def to_gif(images: np.ndarray) -> bytes:
    """Return frames as a GIF that repeats: exact for grey images; colours are reduced to 256."""
    return _animated(images, "GIF", optimize=False, disposal=2)


def to_webp(images: np.ndarray) -> bytes:
    """Return frames as a lossless WebP that repeats."""
    return _animated(images, "WEBP", lossless=True, exact=True)


def to_mp4(images: np.ndarray) -> bytes:
    """Return frames as an MP4: close to the frames, not exact (see video.py)."""
    times = _times(images)
    return video.mp4(images.repeat(times, 1).repeat(times, 2), SECONDS)


def to_strip(images: np.ndarray) -> bytes:
    """Return frames side by side as a PNG, pixel for pixel."""
    (strip,) = _pictures(np.concatenate(list(images), 1)[None])
    buffer = io.BytesIO()
    strip.save(buffer, "PNG")
    return buffer.getvalue()


@dataclass(frozen=True)
class Picture:
    """A way to save frames: its name, ending and type, and how many frames it takes."""

    label: str
    ending: str
    mime: str
    frames: int
    make: Callable[[np.ndarray], bytes]


PICTURES = (
    Picture("GIF", "gif", "image/gif", FRAMES, to_gif),
    Picture("WebP", "webp", "image/webp", FRAMES, to_webp),
    Picture("MP4", "mp4", "video/mp4", FRAMES, to_mp4),
    Picture(phrase("PNG strip"), "png", "image/png", 12, to_strip),
)
