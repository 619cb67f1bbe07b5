"""Write the parts of the documentation that are made from the code: glossary, lessons and the Python interface."""

import inspect
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import vae  # noqa: E402
from ui.lessons import form  # noqa: E402
from ui.lessons.form import Lesson  # noqa: E402
from ui.shared import glossary  # noqa: E402

SHIPPED = ("latent-space", "why-elbo", "healthy")
LETTERS = "ABCDEFGH"


def lesson_page(lesson: Lesson) -> str:
    """Return a lesson with its links, answers and the teacher's notes as Markdown."""
    parts = [
        f"# {lesson.title}",
        f"{lesson.minutes:g} minutes. {lesson.audience} `?lesson={lesson.lesson}` plays it; with `&notes=1` the page "
        "shows "
        "the teacher's notes, too.",
    ]
    for step in lesson.steps:
        query = "&".join(f"{k}={v}" for k, v in {**step.link, "lesson": lesson.lesson, "step": step.id}.items())
        choices = "\n".join(
            f"* {LETTERS[i]}) {one.text} " + ("**right**" if one.right else f"*({one.misconception})*")
            for i, one in enumerate(step.choices)
        )
        parts += [
            f"## Minute {step.at:g}: {step.id}",
            f"`/{step.page}?{query}`\n\n*View:* {step.view}",
            f"**{step.ask}**\n\n{choices}",
            f"*Do:* {step.do}",
            step.revealed(),
            f"*Say:* {step.note.say}  \n*Usual mistakes:* {step.note.goes_wrong}  \n*Ask next:* {step.note.ask_next}",
        ]
    return "\n\n".join(parts) + "\n"


def api_page() -> str:
    """Return the functions and classes of `import vae` with their docstrings."""
    parts = ["# Python interface", "`import vae` offers these; `help(vae.train)` says the same."]
    for name in sorted(vae.__all__, key=str.lower):
        found = getattr(vae, name)
        if not (inspect.isfunction(found) or inspect.isclass(found)):
            continue
        parts.append(f"## vae.{name}\n\n```python\n{name}{inspect.signature(found)}\n```\n\n{inspect.getdoc(found)}")
        if inspect.isclass(found):
            for method, one in inspect.getmembers(found, inspect.isfunction):
                if not method.startswith("_") and inspect.getdoc(one):
                    parts.append(f"### {name}.{method}\n\n{inspect.getdoc(one)}")
    return "\n\n".join(parts) + "\n"


def pages() -> dict[str, str]:
    """Return the text of every page that is made, by its path below docs/."""
    made = {f"lessons/{name}.md": lesson_page(form.read(name)) for name in SHIPPED}
    return {"glossary.md": glossary.markdown(), "api.md": api_page(), **made}


if __name__ == "__main__":
    for place, text in pages().items():
        path = ROOT / "docs" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
