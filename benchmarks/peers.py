"""Which versions stand beside each other."""

from __future__ import annotations

from importlib import metadata
from typing import Final

PEERS: Final = (
    "fengkong", "numba", "polars", "duckdb", "pandas", "river", "zen-engine",
    "common-expression-language", "rule-engine", "lightgbm", "xgboost-cpu", "onnxruntime",
)  # fmt: skip


def versions() -> dict[str, str]:
    """The installed version of each, or that there is none."""
    return {name: _version(name) for name in PEERS}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
