"""What the reference says of the console's webhooks and of its API, as rows of tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.utils.translation import override

from fengkong.console.webhooks.occurrences import OCCURRENCES
from fengkong.core.bilingual import Bilingual, Language

Section = tuple[str, tuple[str, ...], list[tuple[str, ...]]]
"""What stands before a table, its headings and its rows."""

WEBHOOKS: Final = Bilingual(
    zh=(
        "# Webhook\n\n控制台按 Standard Webhooks 规范把下列事项通知给其他系统；"
        "怎样接收与验签见[接收 Webhook](../how-to/receive-webhooks.zh.md)。"
    ),
    en=(
        "# Webhooks\n\nThe console tells other systems of these, by the Standard Webhooks "
        "specification; how they are received and verified: "
        "[Receive webhooks](../how-to/receive-webhooks.md)."
    ),
)
API: Final = Bilingual(
    zh=(
        "# 管理 API\n\n地址以 `/api/v1` 开头，描述在 `/api/v1/openapi.json`。请求以 "
        "`Authorization: Bearer fkc_...` 携带令牌，令牌在“API 令牌”页签发。"
        "错误为 `application/problem+json`；列表以 `next` 翻页；修改以 `If-Match` 携带 `ETag`。\n\n"
        "带 `Idempotency-Key`（1 到 200 个可见 ASCII 字符，例如 UUID）的 POST 只执行一次："
        "一天之内再次发送同一请求，得到与第一次相同的应答（`Idempotency-Replayed: true`）；"
        "同一个键用于另一个请求时以 422 拒绝。键属于各自的令牌；"
        "被拒绝的请求什么也没有做，可以再次发送。\n\n"
        "只能由人在屏幕上完成的操作：自己的账户、会话与登录方式；邀请、锁定、放行操作员与重置其登录方式，"
        "揭示、导出、删除个人信息（都要求刚刚验证过本人，令牌做不到）；"
        "令牌的签发与吊销（令牌不生令牌）；"
        "取走文件（记录是谁取走的；程序请读取分页）；关于员工的告警（由人判断）；"
        "编辑器的辅助功能（程序直接发送全文）。\n"
    ),
    en=(
        "# Management API\n\nAddresses begin with `/api/v1`; `/api/v1/openapi.json` describes "
        "them. Requests carry a token as `Authorization: Bearer fkc_...`; the screen *API tokens* "
        "issues them. Faults are `application/problem+json`, lists go on at `next`, changes carry "
        "an `ETag` as `If-Match`.\n\n"
        "A POST with an `Idempotency-Key` (1 to 200 visible ASCII characters, such as a UUID) is "
        "done once: the same request sent again within a day has the answer that it had "
        "(`Idempotency-Replayed: true`); another request under the key is refused with 422. Keys "
        "are a token's own; a request that was refused has done nothing and may be sent again.\n\n"
        "Done by people on screens only: one's own account, sessions and factors; inviting, "
        "locking and releasing operators and resetting their factors, revealing, exporting and "
        "erasing personal data (all ask that a person has verified just now, which a token "
        "cannot); issuing and revoking tokens (a token makes no tokens); taking files away (who "
        "took them is recorded; programs read pages); alerts about staff (judged by a person); "
        "the help of the editors (a program sends the whole text).\n"
    ),
)


def webhooks(language: Language) -> Iterator[Section]:
    """Every occurrence with the members of its data."""
    headings = {"zh": ("成员", "类型", "含义"), "en": ("Member", "Type", "Meaning")}
    with override("zh-hans" if language == "zh" else "en"):
        for name, told in OCCURRENCES.items():
            rows: list[tuple[str, ...]] = [
                (f"`{member}`", _types(part.schema), str(part.title))
                for member, part in told.parts.items()
            ]
            yield f"## `{name}`\n\n{told.title}", headings[language], rows


def api(language: Language) -> Iterator[Section]:
    """Every operation with the permission that it asks for."""
    from fengkong.console.accounts.duties import PERMISSIONS  # noqa: PLC0415 - needs Django
    from fengkong.console.api.operations import OPERATIONS  # noqa: PLC0415
    from fengkong.console.api.urls import api as described  # noqa: PLC0415

    headings = {"zh": ("操作", "权限", "即"), "en": ("Operation", "Permission", "Which is")}
    open_to_all = {"zh": "取决于提案", "en": "that of the proposal"}
    rows: list[tuple[str, ...]] = []
    with override("zh-hans" if language == "zh" else "en"):
        for path, methods in described.get_openapi_schema(path_prefix="")["paths"].items():
            for method, told in methods.items():
                asked = OPERATIONS[told["summary"].lower().replace(" ", "_")]
                words = open_to_all[language] if asked is None else str(PERMISSIONS[asked])
                named = "" if asked is None else f"`{asked}`"
                rows.append((f"`{method.upper()} {path}`", named, words))
        yield "", headings[language], rows


def _types(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return ", ".join(f"`{one}`" for one in types)
