"""Packs are data in two languages: they parse, they hold no code, no language is missing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

LANGUAGES = {"zh", "en"}


class StrictLoader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """Reads YAML and refuses a key that is given twice, which YAML readers let pass."""


def construct_mapping(loader: StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    """A mapping without repeated keys."""
    loader.flatten_mapping(node)
    pairs = loader.construct_pairs(node, deep=True)
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise yaml.constructor.ConstructorError(None, None, "a key is given twice", node.start_mark)
    return mapping


StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, construct_mapping)


def read_yaml(text: str) -> list[Any]:
    """Every document of a YAML text."""
    return list(yaml.load_all(text, Loader=StrictLoader))


def half_spoken(item: object, path: str = "$") -> Iterator[str]:
    """Places where a text (a mapping of languages alone) lacks one, or is blank in it."""
    if isinstance(item, dict):
        if item and item.keys() <= LANGUAGES:
            for language in sorted(LANGUAGES):
                text = item.get(language)
                if not (text.strip() if isinstance(text, str) else text):
                    yield f"{path}: no {language}"
        for key, value in item.items():
            yield from half_spoken(value, f"{path}.{key}")
    elif isinstance(item, list):
        for index, value in enumerate(item):
            yield from half_spoken(value, f"{path}[{index}]")


def test_every_yaml_file_parses_and_speaks_both_languages(
    tracked_files: list[Path], root: Path
) -> None:
    found = []
    for path in tracked_files:
        if path.suffix not in {".yaml", ".yml"}:
            continue
        name = path.relative_to(root).as_posix()
        try:
            documents = read_yaml(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            found.append(f"{name}: {error}")
            continue
        found += [f"{name} {fault}" for document in documents for fault in half_spoken(document)]
    assert not found, "\n".join(found)


def test_packs_hold_no_code(tracked_files: list[Path], root: Path) -> None:
    packs = root / "src" / "fengkong" / "packs"
    code = [
        path.relative_to(root).as_posix()
        for path in tracked_files
        if path.is_relative_to(packs) and path.suffix in {".py", ".pyc", ".pyi", ".so", ".sh"}
    ]
    assert code == []


@pytest.mark.parametrize(
    "text",
    [
        "title: {zh: 支付}",
        "title: {en: Payments}",
        "title: {zh: '', en: Payments}",
        "title: {zh: ' ', en: Payments}",
        "rules: [{reason: {zh: 支付, en: }}]",
    ],
)
def test_a_missing_language_is_found(text: str) -> None:
    assert any(list(half_spoken(document)) for document in read_yaml(text))


def test_both_languages_pass() -> None:
    (document,) = read_yaml("title: {zh: 支付, en: Payments}")
    assert list(half_spoken(document)) == []


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(yaml.YAMLError, match="twice"):
        read_yaml("a: 1\nb: 2\na: 3\n")
