"""How much memory 100,000 own images of 64 × 64 × 3 take: to keep them, and to take batches of all of them.

    python benchmarks/own_data.py [--images N]

writes N images as an .npz into a temporary folder, keeps them as own data in a process of its own, loads them in
another, and prints the peak of each one's resident memory, without the pages of files that the system may drop, and
the seconds. Exits with 1 where a process takes more than LIMIT. The images are made by a formula, block by block.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

SHAPE = (64, 64, 3)
BLOCK = 1_000
LIMIT = 500  # MB of private memory

KEEP = """
import json, sys, time
from vae.data import own
begun = time.monotonic()
reports = []
own.add(sys.argv[1], "many", progress=lambda what, done, of: reports.append(done))
print(json.dumps({"seconds": time.monotonic() - begun, "reports": len(reports)}))
"""
LOAD = """
import json, time, torch
from vae import data
from vae.data.batches import prepare
from vae.data.recommended import recommended
begun = time.monotonic()
spec = recommended("vae", "many")
batches = prepare(data.load("many", "train"), spec)
for index in torch.randperm(len(batches)).split(512):
    batches.take(index)
print(json.dumps({"seconds": time.monotonic() - begun, "images": len(batches)}))
"""


def write(path: Path, count: int) -> None:
    """Write an .npz of smooth colour images and labels, block by block."""
    x = np.arange(SHAPE[0])
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("images.npy", "w", force_zip64=True) as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (count, *SHAPE)}
            np.lib.format.write_array_header_1_0(file, header)
            for start in range(0, count, BLOCK):
                n = np.arange(start, min(count, start + BLOCK))[:, None, None, None]
                wave = np.sin((x[:, None, None] + n) / (5 + n % 11)) + np.cos((x[None, :, None] - n) / (7 + n % 5))
                block = 127 + 60 * wave + np.array([0, 5, -5])
                file.write(np.clip(block, 0, 255).astype(np.uint8).tobytes())
        with archive.open("labels.npy", "w") as file:
            np.lib.format.write_array(file, np.arange(count) % 10)


def measured(program: str, root: Path, *words: str) -> dict[str, float]:
    """Run a program and return what it prints, with the peaks of its memory in MB: private, and with mapped files."""
    environment = {**os.environ, "LATENT_DATA": str(root)}
    private = mapped = 0.0
    with subprocess.Popen([sys.executable, "-c", program, *words], env=environment, stdout=subprocess.PIPE) as process:
        while process.poll() is None:
            try:
                lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            except OSError:
                break
            found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Rss")}
            if found:
                private = max(private, float(found["RssAnon"]) / 1000)
                mapped = max(mapped, sum(map(float, found.values())) / 1000)
            time.sleep(0.02)
        assert process.stdout is not None
        answer = json.loads(process.stdout.read())
    return {**answer, "private_mb": private, "with_files_mb": mapped}


def main() -> None:
    """Print the figures as JSON, a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "many.npz")
        write(file, given.images)
        print(json.dumps({"file_mb": file.stat().st_size / 1e6}))
        kept = measured(KEEP, Path(folder, "data"), str(file))
        loaded = measured(LOAD, Path(folder, "data"))
        print(json.dumps({"keep": kept}))
        print(json.dumps({"load": loaded}))
    if max(kept["private_mb"], loaded["private_mb"]) > LIMIT:
        sys.exit(1)


if __name__ == "__main__":
    main()
