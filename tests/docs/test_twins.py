"""Everything a person reads exists in English and in Chinese, built alike."""

import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LINK = re.compile(r"\]\(([^)#]+?)(?:#[^)]*)?\)")
HEADING = re.compile(r"^(#{1,6}) ", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
BILINGUAL = {"docs/reference/language.md"}
"""Pages that say everything in both languages themselves."""
ENGLISH_ONLY = {"CHANGELOG.md"}


def written_pages() -> list[Path]:
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(path for path in found if path.is_file())


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def twin_of(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".md") + ".zh.md")


ENGLISH = [
    path
    for path in written_pages()
    if not path.name.endswith(".zh.md") and name_of(path) not in BILINGUAL | ENGLISH_ONLY
]


@pytest.mark.parametrize("path", ENGLISH, ids=name_of)
def test_page_has_a_twin_built_alike(path: Path, pages: ModuleType) -> None:
    twin = twin_of(path)
    assert twin.is_file(), f"{name_of(path)} has no {twin.name}"
    shapes = []
    for page in (path, twin):
        text = page.read_text(encoding="utf-8")
        prose = FENCED.sub("", text)
        assert bool(CHINESE.search(prose)) or page is path
        kinds = [(block.language, *block.options.items()) for block in pages.blocks(text)]
        shapes.append((HEADING.findall(prose), kinds))
    assert shapes[0] == shapes[1]


def test_every_chinese_page_has_an_english_one() -> None:
    chinese = [path for path in written_pages() if path.name.endswith(".zh.md")]
    english = {twin_of(path) for path in written_pages()}
    assert [name_of(path) for path in chinese if path not in english] == []


@pytest.mark.parametrize("path", written_pages(), ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    prose = FENCED.sub("", path.read_text(encoding="utf-8"))
    targets = [target for target in LINK.findall(prose) if "://" not in target]
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", written_pages(), ids=name_of)
def test_chinese_pages_link_to_chinese_pages(path: Path) -> None:
    if not path.name.endswith(".zh.md"):
        return
    prose = FENCED.sub("", path.read_text(encoding="utf-8"))
    wrong = []
    for label, target in re.findall(r"\[([^\]]*)\]\(([^)#]+?)(?:#[^)]*)?\)", prose):
        to_english = target.endswith(".md") and not target.endswith(".zh.md")
        if "://" in target or not to_english or label == "English":
            continue
        if twin_of(path.parent / target).exists():
            wrong.append(target)
    assert wrong == []


def test_planted_differences_are_seen(pages: ModuleType, tmp_path: Path) -> None:
    """The shapes compared above differ when a heading or a block is missing."""
    text = "# A\n\n```yaml save=a.yaml\na: 1\n```\n"
    (block,) = pages.blocks(text)
    assert (block.language, block.options, block.body) == ("yaml", {"save": "a.yaml"}, "a: 1\n")
    assert pages.blocks(text.replace("```yaml save=a.yaml", "```yaml"))[0].options == {}
