"""Comments go, and nothing else: programs are put together from parts whose kind is known."""

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from node import command

from ui.shared import components
from vae.page.comments import without_comments

LINES = [
    'const a = "// no /* comment */ \\" here";',
    "const b = '/** nor */ here';",
    "const c = `// nor ${d(`/* nor ${{ e: 1 }.e} */`)} \\` here $ {`;",
    "const t = `a\n  /** nor here */\n  // nor here\n  ${x}`;",
    "const r = s.replace(/[/*\"'`]\\/* \\//g, `/* */`) / 2;",
    "const q = x / y / z, p = a.in / b / `c`.length / d;",
    "return /[`]/.test(a) && b.map((c) => /'/ ?? c)[0] / '/*' / 2;",
    "const h = m[0] / 2 + (a) / 3;",
    "if (a) {\n  b();\n}",
    "const o = { a: { b: `}${{}}{` } };",
]
COMMENTS = ["/** @type {string} */", "// it's `not` a \"string\n", "/**\n * @param {'a'} b `\n */", "/* / */", "/***/"]


@given(st.lists(st.tuples(st.sampled_from(LINES), st.lists(st.sampled_from(COMMENTS), max_size=3))))
def test_comments_between_lines_are_taken_out(parts):
    script = "".join("".join(f"  {c.rstrip()}\n" for c in comments) + f"{line}\n" for line, comments in parts)
    assert without_comments(script).strip() == "".join(f"{line}\n" for line, _ in parts).strip()


@pytest.mark.parametrize(
    ("script", "kept"),
    [
        ("a = /** @type {X} */ (b);", "a = (b);"),
        ("a = /** @type {X} */(b);", "a = (b);"),
        ("return/* it */a;", "return a;"),
        ("return /* so\n */ a;", "return \n a;"),
        ("a; // what\nb;", "a; \nb;"),
        ("f(/** @type {A} */ (a), /* b */ c); // d", "f( (a),  c); "),
    ],
)
def test_comments_within_a_line_are_taken_out(script, kept):
    def tokens(text: str) -> list[str]:
        return text.replace("\n", " ↵ ").split()

    assert tokens(without_comments(script)) == tokens(kept)


@pytest.mark.parametrize("script", ["a = `b", "a = `${b", 'a = "b', "a = /b", "a /* b", "a = `${`b`"])
def test_what_has_no_end_is_an_error(script):
    with pytest.raises(ValueError, match="no end"):
        without_comments(script)


def test_scripts_of_the_pages_hold_no_comments():
    for script in components.UI.rglob("*.js"):
        text = components.source(str(script.relative_to(components.UI)))
        assert "/**" not in text and "\n//" not in text, script
        assert without_comments(text) == text


def test_scripts_without_comments_are_programs():
    """Node reads each file as a module; a name that it imports is another file's, which does not matter to reading."""
    program = """
      import { readFileSync } from "node:fs";
      import { SourceTextModule } from "node:vm";
      for (const text of JSON.parse(readFileSync(0, "utf8"))) new SourceTextModule(text);
    """
    scripts = [without_comments(path.read_text()) for path in components.UI.rglob("*.js")]
    ended = subprocess.run(
        [*command(), "--experimental-vm-modules", "--input-type=module", "--eval", program],
        input=json.dumps(scripts),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
