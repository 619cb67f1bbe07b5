"""Components are files put together to one module: what two of them declare under one name breaks the whole."""

import re
from collections import Counter

import pytest

from ui import bigmap, comparing, components, explorer, film, geometry, manifold, paths, sampling, traverse

MODULES = [bigmap, comparing, explorer, film, geometry, manifold, paths, sampling, traverse]

DECLARED = re.compile(r"^(?:export\s+)?(?:async\s+)?(?:default\s+)?(?:const|let|var|class|function\*?)\s+(\w+)", re.M)
UNPACKED = re.compile(r"^(?:const|let)\s+[\[{]([^\]}]*)[\]}]\s*=", re.M)


@pytest.mark.parametrize("module", MODULES)
def test_no_name_is_declared_twice(module):
    names = Counter(DECLARED.findall(module.SOURCE))
    for group in UNPACKED.findall(module.SOURCE):
        names.update(part.split(":")[-1].strip() for part in group.split(","))
    assert [name for name, count in names.items() if count > 1] == []
    assert module.SOURCE.count("export default") == 1


def test_what_a_file_imports_is_in_its_module():
    """Imports are taken out, so each imported file has to be among those that are put together."""
    for module in MODULES:
        for name in re.findall(r'from "\./(\w+)\.js"', "".join(components.text(f) for f in files(module))):
            assert components.text(f"{name}.js").splitlines()[-1] in module.SOURCE, f"{module.__name__} lacks {name}.js"


def files(module):
    """The JavaScript files whose text is in a module's source."""
    for path in components.HERE.glob("*.js"):
        lines = [line for line in path.read_text().splitlines(keepends=True) if not line.startswith("import ")]
        if "".join(lines) in module.SOURCE:
            yield path.name
