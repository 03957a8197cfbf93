"""The documentation: its pages, and the tools that run and make them."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def load_tool(name: str) -> ModuleType:
    """A module of tools/, which is no package."""
    full = f"tools.{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, ROOT / "tools" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules[full]


@pytest.fixture(scope="session")
def pages() -> ModuleType:
    return load_tool("pages")


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    return load_tool("reference")


@pytest.fixture(scope="session")
def scenario_models() -> ModuleType:
    return load_tool("scenario_models")


@pytest.fixture(scope="session")
def permissions_page() -> ModuleType:
    return load_tool("permissions_page")


@pytest.fixture(scope="session")
def docs() -> Path:
    return DOCS
