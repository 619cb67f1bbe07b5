"""JSON that somebody else may have written: anything at all, and a good content with one place changed."""

from typing import Any

from hypothesis import strategies as some

LEAVES = (
    some.none()
    | some.booleans()
    | some.integers()
    | some.just(10**400)
    | some.floats()
    | some.text(max_size=8)
    | some.just("\ud800")
    | some.sampled_from(["vae", "normal", "elbo", "test", "done"])
)
ANY = some.recursive(
    LEAVES, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=6), inner, max_size=3)
)


@some.composite
def changed(draw: Any, content: Any) -> Any:
    """Return the content with one of its values, at any depth, replaced or removed."""
    if isinstance(content, dict) and content and draw(some.integers(0, 3)):
        name = draw(some.sampled_from(sorted(content)))
        if not draw(some.integers(0, 9)):
            return {k: v for k, v in content.items() if k != name}
        return content | {name: draw(changed(content[name]))}
    if isinstance(content, list) and content and draw(some.integers(0, 3)):
        place = draw(some.integers(0, len(content) - 1))
        return [*content[:place], draw(changed(content[place])), *content[place + 1 :]]
    return draw(ANY)
