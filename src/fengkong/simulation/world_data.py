"""The shipped tables of the simulated world: cities, names, merchant categories, seasons."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def world_document(name: str) -> dict[str, Any]:
    """One table of `packs/scenarios/world`, as read."""
    path = files("fengkong") / "packs" / "scenarios" / "world" / f"{name}.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict), "a shipped table is a mapping"
    return document
