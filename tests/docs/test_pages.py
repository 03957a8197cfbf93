"""What the pages show is what happens: their commands are run, their policies are loaded."""

from pathlib import Path
from shutil import which
from types import ModuleType

import pytest

from fengkong.decisions.examples import check_examples
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.mapping import load_mapping

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")])


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def with_block(language: str, option: str | None = None) -> list[Path]:
    """The pages that have a block of a language, or one marked in some way."""
    fence = f"\n```{language}" + (f" {option}" if option else "\n")
    return [path for path in PAGES if fence in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", with_block("console"), ids=name_of)
def test_commands_print_what_the_page_shows(
    page: Path, pages: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "curl " in page.read_text(encoding="utf-8") and not (which("curl") and which("bash")):
        pytest.skip("the page is played with curl and bash, and one of them is not installed")
    terminal = pages.Terminal(directory=tmp_path, language=pages.language_of(page))
    wrong = [
        f"$ {command}\n{came}"
        for _, command, shown, came in pages.played(page, terminal=terminal)
        if not pages.same(shown, came)
    ]
    assert not wrong, f"run tools/pages.py {name_of(page)}:\n" + "\n".join(wrong)


@pytest.mark.nightly
@pytest.mark.parametrize("page", with_block("text", "demo"), ids=name_of)
def test_the_demonstration_shows_what_the_page_shows(
    page: Path, pages: ModuleType, tmp_path: Path
) -> None:
    terminal = pages.Terminal(directory=tmp_path, language=pages.language_of(page))
    shown = [b.body for b in pages.blocks(page.read_text(encoding="utf-8")) if "demo" in b.options]
    assert [pages.same(body, pages.demonstration(terminal)) for body in shown] == [True]


@pytest.mark.parametrize("page", with_block("yaml", "policy"), ids=name_of)
def test_policies_on_pages_pass_their_examples(page: Path, pages: ModuleType) -> None:
    for block in pages.blocks(page.read_text(encoding="utf-8")):
        if "policy" in block.options:
            policy = load_policy(block.body, source=name_of(page), catalogue=shipped_catalogue())
            assert check_examples(policy) == []


@pytest.mark.parametrize("page", with_block("yaml", "mapping"), ids=name_of)
def test_mappings_on_pages_are_sound(page: Path, pages: ModuleType) -> None:
    for block in pages.blocks(page.read_text(encoding="utf-8")):
        if "mapping" in block.options:
            load_mapping(block.body, source=name_of(page))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_yaml_block_is_checked_somehow(page: Path, pages: ModuleType) -> None:
    """A block is a file of the page, a policy, a mapping, or says that it is a part of one."""
    checked = {"save", "append", "policy", "mapping", "part"}
    loose = [
        block.body.splitlines()[0]
        for block in pages.blocks(page.read_text(encoding="utf-8"))
        if block.language == "yaml" and not checked & set(block.options)
    ]
    assert page.name == "architecture.md" or loose == []


@pytest.mark.parametrize(
    ("shown", "came", "alike"),
    [
        ("a  b\n\nc", "a b\nc\n", True),
        ("a\nc", "a\nb\nc", False),
        ("a\n...\nc", "a\nb\nb\nc", True),
        ("a\n...", "a", False),
        ("10 decisions in 1.2 s (80 a second)", "10 decisions in 3 s (1,000 a second)", True),
        ("10 decisions", "11 decisions", False),
        ("pass (22dd20c4b1ac)", "pass (46432679b22a)", True),
    ],
)
def test_outputs_are_compared_by_what_is_stable(
    pages: ModuleType, shown: str, came: str, alike: bool
) -> None:
    assert pages.same(shown, came) is alike


def test_a_wrong_edit_is_refused(pages: ModuleType) -> None:
    with pytest.raises(pages.PageError):
        pages._edited("a: 1\n", "-b: 1\n+b: 2\n")
