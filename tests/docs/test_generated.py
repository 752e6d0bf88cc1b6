"""Pages that are generated are as the code would write them now."""

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["costs", "parity"])
def test_a_generated_page_is_in_step(page):
    """Mend it with `python tests/docs/PAGE_page.py`."""
    path = Path(__file__).with_name(f"{page}_page.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (DOCS / f"{page}.md").read_text() == module.render()
