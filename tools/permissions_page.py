"""The reference page of permissions: made from the roles and from what every address declares.

``python tools/permissions_page.py`` writes it in both languages; a test compares it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from fengkong.console.project.setup import start_django

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"
_WORDS: Final = {
    "zh": {
        "title": "权限",
        "made": "<!-- 本页由 tools/permissions_page.py 生成，请勿手工修改。 -->",
        "lead": (
            "每个角色可以做什么，以及控制台的每个地址要求什么权限。测试会以每个角色和未登录者的身份访问每个地址，"
            "并与本表逐一核对；没有声明的地址对任何人都不开放。如何管理操作员见"
            "[管理操作员](../how-to/manage-operators.zh.md)。"
        ),
        "roles": "角色",
        "role": ("角色", "权限", "互斥", "最长天数"),
        "addresses": "地址",
        "address": ("地址", "查看", "操作"),
        "public": "任何人",
        "operators": "任何操作员",
    },
    "en": {
        "title": "Permissions",
        "made": "<!-- Made by tools/permissions_page.py; do not edit by hand. -->",
        "lead": (
            "What each role may do, and what every address of the console asks for. A test visits "
            "every address as every role and as a stranger and compares what happens with this "
            "table; an address that declares nothing is closed to all. How operators are managed: "
            "[Manage operators](../how-to/manage-operators.md)."
        ),
        "roles": "Roles",
        "role": ("Role", "May", "Apart from", "Days at most"),
        "addresses": "Addresses",
        "address": ("Address", "Reading", "Acting"),
        "public": "anybody",
        "operators": "any operator",
    },
}


def pages() -> dict[Path, str]:
    """The page in both languages."""
    with tempfile.TemporaryDirectory() as empty:
        start_django(Path(empty))
        return {
            FOLDER / f"permissions{suffix}": "\n".join(_page(language)).rstrip("\n") + "\n"
            for language, suffix in (("en", ".md"), ("zh", ".zh.md"))
        }


def _page(language: str) -> Iterator[str]:
    from django.utils import translation  # noqa: PLC0415 - needs a started Django

    from fengkong.console.accounts.duties import PERMISSIONS, ROLES  # noqa: PLC0415
    from fengkong.console.project.addresses import addresses  # noqa: PLC0415

    words = _WORDS[language]
    with translation.override("zh-hans" if language == "zh" else "en"):
        yield from (f"# {words['title']}", "", str(words["made"]), "", str(words["lead"]), "")
        yield from (f"## {words['roles']}", "")
        yield from _table(
            words["role"],
            [
                (
                    f"{role.title} (`{name}`)",
                    "; ".join(str(PERMISSIONS[p]) for p in PERMISSIONS if p in role.permissions),
                    ", ".join(
                        str(ROLES[other].title) for other in ROLES if other in role.apart_from
                    ),
                    str(role.days_max or ""),
                )
                for name, role in ROLES.items()
            ],
        )
        yield from (f"## {words['addresses']}", "")
        asked: list[Sequence[str]] = []
        for address in addresses():
            access = address.access
            assert access is not None, f"{address.route} declares nobody who may use it"
            for_all = words["public"] if access.public else words["operators"]
            read, act = (
                str(for_all if permission is None else PERMISSIONS[permission])
                for permission in (access.read, access.act)
            )
            asked.append((f"`/{address.route}`", read, act))
        yield from _table(words["address"], asked)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
    yield ""


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
