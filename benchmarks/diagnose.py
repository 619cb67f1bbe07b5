"""The Diagnose page in the real app and a real browser: seconds to the first cards, and to all on 10,000 images.

    python benchmarks/diagnose.py [--model mnist-vae-2d] [--rounds 3]

Prints a Markdown table, and fails if a limit is exceeded. The model is a copy of the shipped one in an empty data
folder, so that none of its evidence is cached; `kept` is the page opened once more. Real MNIST is found
where LATENT_DATA says. Times run from the browser's request for the page; the pool starts with the first round of each.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from shared.real_app import real_app  # noqa: E402
from shared.timing import finish  # noqa: E402

from vae import data, runs  # noqa: E402
from vae.diagnosis.kept import FOLDER  # noqa: E402

LIMITS = {"first cards": 2.0, "complete": 30.0}  # s
PATIENT = 600_000  # ms
FIRST = ".st-key-card_rates .js-plotly-plot .bars .point path"
COMPLETE = """() => {
    const text = document.querySelector("[data-testid=stMain]").innerText;
    return text.includes("Gap") && !text.includes("Being measured") && !text.includes("parts measured");
}"""


def once(browser: Browser, url: str) -> dict[str, float]:
    """Return the seconds to the first cards' verdicts, to the first chart, and to the last card."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(PATIENT)
    began = time.perf_counter()
    page.goto(url)
    found = {}
    page.get_by_text("active unit").first.wait_for()
    found["first cards"] = time.perf_counter() - began
    page.wait_for_selector(FIRST)
    found["first chart"] = time.perf_counter() - began
    page.wait_for_function(COMPLETE)
    found["complete"] = time.perf_counter() - began
    page.close()
    return found


def main() -> None:
    """Print the table; exit with 1 where a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mnist-vae-2d")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    source = runs.find(options.model, [runs.shipped()])
    real = data.data_root()
    fresh: list[dict[str, float]] = []
    kept: list[dict[str, float]] = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            if (real / "MNIST").is_dir():
                (Path(folder) / "MNIST").symlink_to(real / "MNIST")
            shutil.copytree(source.path, Path(folder) / "runs" / "copy", ignore=shutil.ignore_patterns(FOLDER, "film"))
            with real_app(Path(folder)) as (browser, url):
                for times in (fresh, kept):
                    times.append(once(browser, f"{url}/diagnose?model=copy"))
    print("| | nothing kept | kept | limit |\n|---|---|---|---|")
    good = True
    for name in fresh[0]:
        values = [statistics.median(row[name] for row in rows) for rows in (fresh, kept)]
        limit = LIMITS.get(name)
        good &= limit is None or values[0] <= limit
        said = "" if limit is None else f"≤ {limit:.0f} s {'met' if values[0] <= limit else '**missed**'}"
        print(f"| {name} | {values[0]:.1f} s | {values[1]:.1f} s | {said} |")
    finish(good)


if __name__ == "__main__":
    main()
