"""The page of permissions says what the console declares today."""

from types import ModuleType


def test_the_page_is_fresh(permissions_page: ModuleType) -> None:
    stale = [
        path.name
        for path, text in permissions_page.pages().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    assert not stale, f"run tools/permissions_page.py: {', '.join(stale)}"
