"""The documentation: what is made from the code is as the code is, and every link, picture and setting exists."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ui.shared.navigation import BY_NAME
from ui.state.permalink import FIELDS, HIDEABLE
from vae import runs

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
API = "api.md"  # made from docstrings by each `make docs`, and not kept
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.name != API)
ADDRESS = re.compile(r"`/(\w*)(?:\?([^`]*))?`")
SETTING = re.compile(r"\bLATENT_[A-Z_]+\b")


def made():
    found = importlib.util.spec_from_file_location("docs_script", ROOT / "scripts" / "docs.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.pages()


def test_made_pages_are_as_the_code_is():
    """After a change: `make docs`."""
    for place, text in made().items():
        if place == API:
            assert "## vae.train" in text and "### Model." in text
            continue
        assert (DOCS / place).read_text() == text, place


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(DOCS)))
def test_links_and_pictures_exist(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.S)):
        place = target.partition("#")[0]
        if "://" not in target and place and place != API:
            assert (page.parent / place).exists(), target


@pytest.mark.parametrize("page", sorted((DOCS / "concepts").glob("*.md")), ids=lambda path: path.name)
def test_addresses_of_concepts_are_those_of_the_app(page):
    models = {entry.name for folder in (runs.shipped(), runs.examples()) for entry in folder.iterdir()}
    for name, query in ADDRESS.findall(page.read_text()):
        assert not name or name in BY_NAME, name
        for field in filter(None, query.split("&")):
            key, _, value = field.partition("=")
            assert any(one.name == key and (one.carried or (name or "explore") in one.pages) for one in FIELDS), field
            if key in ("model", "models", "run"):
                assert models.issuperset(value.split(",")), field


def test_pictures_of_concepts_are_small_and_each_is_shown():
    text = "".join(path.read_text() for path in (DOCS / "concepts").glob("*.md"))
    for picture in (DOCS / "screenshots" / "concepts").iterdir():
        assert picture.stat().st_size < 120_000 and f"](../screenshots/concepts/{picture.name})" in text, picture.name


def test_site_has_every_page():
    def places(entry):
        if isinstance(entry, str):
            return [entry]
        return [place for one in (entry.values() if isinstance(entry, dict) else entry) for place in places(one)]

    listed = places(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    assert sorted(listed) == sorted([API, *(str(path.relative_to(DOCS)) for path in PAGES)])


def test_settings_table_is_the_codes():
    table = re.findall(r"^\| `(LATENT_\w+)` \|", (DOCS / "serving.md").read_text(), re.M)
    read = {
        name
        for folder in ("vae", "ui", "latent_explorer")
        for path in (ROOT / folder).rglob("*.py")
        for name in SETTING.findall(path.read_text())
    }
    assert sorted(table) == sorted(read)


def test_hideable_names_are_listed():
    listed = re.findall(r"^\| `(\w+)` \|", (DOCS / "serving.md").read_text(), re.M)
    assert set(HIDEABLE) - set(BY_NAME) <= set(listed)


def test_lesson_of_the_docs_can_be_played():
    from ui.lessons import form

    (text,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "lessons" / "index.md").read_text(), re.S)
    assert form.parse(text, "mine").steps[0].id == "one"


def test_site_is_built_without_a_network(tmp_path):
    """A page that mkdocs cannot link is a warning, and a warning fails; no page asks another site for scripts."""
    subprocess.run([sys.executable, "scripts/docs.py"], cwd=ROOT, check=True)
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    for page in tmp_path.rglob("*.html"):
        assert not re.findall(r'<(?:script|link)[^>]+(?:src|href)="https?://[^"]+\.(?:js|css)', page.read_text()), page
