"""Every colour that means something: ten classes and the roles of the model's parts, for light and for dark paper.

A colour is CSS that holds both, "light-dark(#305afe, #4f95fa)": the browser takes the one that the theme asks for, and
scripts that draw on a canvas choose by themselves (`seen` in js/drawing.js). Each is at least 3 : 1 on its paper.
"""

import re

PAPER = {"light": "#fbfaf7", "dark": "#0e1117"}
PAIR = re.compile(r"light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")


def pair(light: str, dark: str) -> str:
    """Return the colour that is `light` on light paper and `dark` on dark paper, as CSS."""
    return f"light-dark({light}, {dark})"


# the worst pair of classes stays apart under simulated colour blindness: a CIEDE2000 difference of 13.9 and 17.0
CLASSES = tuple(
    pair(light, dark)
    for light, dark in (
        ("#305afe", "#4f95fa"),
        ("#795a03", "#ffda95"),
        ("#be0a59", "#934b58"),
        ("#392c2b", "#7d7e91"),
        ("#391a96", "#7b44bd"),
        ("#cc7976", "#d78786"),
        ("#611b02", "#cc0c00"),
        ("#9b8e03", "#a5a905"),
        ("#786e77", "#d4e3d9"),
        ("#1a9fa9", "#1ee4fe"),
    )
)
ENCODER = pair("#2f7fc8", "#4d9fe6")
DECODER = pair("#d95d00", "#f07a22")
PRIOR = pair("#717581", "#8a909b")
RATE = pair("#832db6", "#b06fe0")
DISTORTION = pair("#8a7d33", "#b9ac70")
# the same as text, at least 4.5 : 1
TEXT = {
    ENCODER: pair("#1f6cb0", "#6fb2ea"),
    DECODER: pair("#ad4700", "#ff9347"),
    PRIOR: pair("#555b64", "#a9b0ba"),
    RATE: pair("#832db6", "#c495ec"),
    DISTORTION: pair("#6b601f", "#cfc38a"),
}
CAPTION = TEXT[PRIOR]
FINE, LOOK, SERIOUS = pair("#1b6e4b", "#63c79b"), pair("#7a5a00", "#e3b948"), pair("#a8200d", "#ff8a75")
# what is drawn once for both papers (Plotly's charts, frames within a picture) takes colours that are seen on either
STILL = {RATE: "#a25fd0"}

# what style sheets call them
NAMES = {
    "encoder": ENCODER,
    "decoder": DECODER,
    "prior": PRIOR,
    "rate": RATE,
    "distortion": DISTORTION,
    "caption": CAPTION,
    "fine": FINE,
    "look": LOOK,
    "serious": SERIOUS,
    "fine-paper": pair("#e6f2ec", "#12291f"),
    "look-paper": pair("#faf0d2", "#2b2410"),
    "serious-paper": pair("#fbe7e2", "#331512"),
    "chosen-paper": pair("#e4edf5", "#14283b"),
    "chosen": pair("#1f6cb0", "#6fb2ea"),
    "edge": pair("#8b867a", "#6f7886"),
}


def of_class(k: int) -> str:
    """Return the colour of class k; beyond ten they repeat, which is why a glyph stands at each cluster."""
    return CLASSES[k % len(CLASSES)]


def still(colour: str) -> str:
    """Return the one hexadecimal colour that stands for a pair on either paper; another colour comes back as it is."""
    found = PAIR.fullmatch(colour)
    return STILL.get(colour, found[1]) if found else colour


def on(colour: str, dark: bool) -> str:
    """Return the hexadecimal colour of a pair that is seen on dark or on light paper."""
    found = PAIR.fullmatch(colour)
    return found[2 if dark else 1] if found else colour


def css() -> str:
    """Return the roles' colours as custom properties of a component's style sheet."""
    return f":host {{ {' '.join(f'--{name}: {colour};' for name, colour in NAMES.items())} }}\n"
