"""The generated reference pages are those that the product would make today."""

from pathlib import Path
from types import ModuleType

import pytest

from fengkong.features.declarations import Aggregate


def test_generated_pages_are_fresh(reference: ModuleType) -> None:
    stale = [
        path.name
        for path, text in reference.pages().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    assert not stale, f"run tools/reference.py: {', '.join(stale)}"


@pytest.mark.parametrize("name", ["features.md", "features.zh.md"])
def test_every_aggregate_has_its_row(docs: Path, name: str) -> None:
    rows = [
        line.split("|")[1].strip()
        for line in (docs / "reference" / name).read_text(encoding="utf-8").splitlines()
        if line.startswith("| `") and "(" in line.split("|")[1]
    ]
    named = [row.strip("`").split("(")[0] for row in rows]
    assert named == [aggregate.value for aggregate in Aggregate]
