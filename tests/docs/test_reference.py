"""The generated reference pages are those that the product would make today."""

import re
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from fengkong.cli.language import service_texts
from fengkong.features.declarations import Aggregate
from fengkong.links.declarations import Measure
from fengkong.service.http.routing import Scope
from fengkong.service.metrics import Metrics
from fengkong.service.settings import described_settings

CHINESE = re.compile(r"[\u4e00-\u9fff]")


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
    assert named == [one.value for one in (*Aggregate, *Measure)]


def test_every_part_of_the_service_is_described_in_both_languages() -> None:
    words = service_texts()
    settings = {name for name, _, _ in described_settings()}
    metrics = {one.name for one in Metrics().registry.collect()}
    assert set(words["settings"]) == settings
    assert set(words["scopes"]) == set(get_args(Scope))
    assert set(words["metrics"]) == metrics
    for both in (*words["settings"].values(), *words["scopes"].values()):
        assert set(both) == {"zh", "en"}
        assert CHINESE.search(both["zh"])
    assert all(CHINESE.search(text) for text in words["metrics"].values())
