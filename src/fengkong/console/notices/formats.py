"""A message as each kind of receiver asks for it, and what its answer means.

A robot answers 200 also where it refused a message; what it says inside is what counts.
Sources: open.dingtalk.com "custom robot access" (signature over timestamp and secret, 20 messages a
minute); open.feishu.cn "custom bot guide" (signature, 100 a minute); developer.work.weixin.qq.com
"group robot" 91770 (template cards, 4,096 bytes of Markdown, 20 a minute).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus

from fengkong.console.notices.models import Channel
from fengkong.console.notices.wording import Wording, shortened
from fengkong.console.webhooks.posting import Answer
from fengkong.console.webhooks.signing import signature_headers

Kind = Channel.Kind
PER_MINUTE: Final = {
    Kind.EMAIL: 30,
    Kind.WEBHOOK: 600,
    Kind.DINGTALK: 20,
    Kind.FEISHU: 100,
    Kind.WECOM: 20,
}
"""How many messages each kind takes in a minute, by the documents of those who run it."""
LIMITED: Final = {
    Kind.DINGTALK: frozenset({"130101", "660026"}),
    Kind.FEISHU: frozenset({"11232"}),
    Kind.WECOM: frozenset({"45009"}),
}
"""What robots say where there were too many messages."""
REST_S: Final = {Kind.DINGTALK: 600, Kind.FEISHU: 60, Kind.WECOM: 60}
"""For how long one that was asked too often takes nothing."""
_COLOURS: Final = {"yellow": "yellow", "orange": "orange", "red": "red"}
_TEXT_BYTES: Final = {Kind.DINGTALK: 15_000, Kind.FEISHU: 15_000, Kind.WECOM: 3_500}
_CARD_LINES_BYTES: Final = 330
"""A WeCom card shows some 112 characters below its title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request: `query` is put behind the address."""

    body: bytes
    headers: Mapping[str, str]
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an answer means: `code` is what it said inside; `rest_s` how long to send nothing."""

    accepted: bool
    code: str = ""
    failure: str = ""
    rest_s: int = 0


def outgoing(
    kind: str, wording: Wording, *, secret: str, timestamp: int, message_id: str
) -> Outgoing:
    """The request of a message; `timestamp` is in seconds since 1970."""
    return _BUILDERS[Kind(kind)](wording, secret, timestamp, message_id)


def verdict_of(kind: str, answer: Answer) -> Verdict:
    """What an answer of a receiver of this kind means."""
    if not answer.accepted:
        return Verdict(accepted=False, failure=answer.failure or f"HTTP {answer.status}")
    if kind == Kind.WEBHOOK:
        return Verdict(accepted=True)
    try:
        said = json.loads(answer.excerpt)
        code = said.get("errcode", said.get("code", said.get("StatusCode")))
    except (ValueError, AttributeError):
        return Verdict(accepted=False, failure="the answer is not what a robot says")
    if code == 0:
        return Verdict(accepted=True, code="0")
    text = str(said.get("errmsg") or said.get("msg") or "")[:150]
    is_limited = str(code) in LIMITED[Kind(kind)]
    return Verdict(
        accepted=False,
        code=str(code)[:40],
        failure=text or "refused without a word",
        rest_s=REST_S[Kind(kind)] if is_limited else 0,
    )


def dingtalk_signature(secret: str, milliseconds: int) -> str:
    r"""The signature of DingTalk: over ``{timestamp}\n{secret}`` with the secret as key."""
    signed = hmac.digest(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(signed).decode()


def feishu_signature(secret: str, seconds: int) -> str:
    r"""The signature of Feishu: over nothing, with ``{timestamp}\n{secret}`` as key."""
    signed = hmac.digest(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256)
    return base64.b64encode(signed).decode()


def _dingtalk(wording: Wording, secret: str, timestamp: int, _message_id: str) -> Outgoing:
    lines = f"### {wording.title}\n\n" + wording.text.replace("\n", "\n\n")
    card = {
        "title": wording.title,
        "text": shortened(lines, bytes_max=_TEXT_BYTES[Kind.DINGTALK]),
        "singleTitle": wording.link_title,
        "singleURL": wording.link,
    }
    query = ""
    if secret:
        milliseconds = timestamp * 1000
        signature = quote_plus(dingtalk_signature(secret, milliseconds))
        query = f"timestamp={milliseconds}&sign={signature}"
    return _json({"msgtype": "actionCard", "actionCard": card}, query=query)


def _feishu(wording: Wording, secret: str, timestamp: int, _message_id: str) -> Outgoing:
    text = shortened(wording.text, bytes_max=_TEXT_BYTES[Kind.FEISHU])
    button = {
        "tag": "button",
        "text": {"tag": "plain_text", "content": wording.link_title},
        "type": "primary",
        "url": wording.link,
    }
    elements: list[dict[str, Any]] = [{"tag": "action", "actions": [button]}]
    if text:
        elements.insert(0, {"tag": "div", "text": {"tag": "plain_text", "content": text}})
    card = {
        "header": {
            "title": {"tag": "plain_text", "content": wording.title},
            "template": _COLOURS[wording.level],
        },
        "elements": elements,
    }
    content: dict[str, Any] = {"msg_type": "interactive", "card": card}
    if secret:
        signature = feishu_signature(secret, timestamp)
        content |= {"timestamp": str(timestamp), "sign": signature}
    return _json(content)


def _wecom(wording: Wording, _secret: str, _timestamp: int, _message_id: str) -> Outgoing:
    """A card; where the text is longer than a card shows, Markdown with the link below."""
    if len(wording.text.encode()) > _CARD_LINES_BYTES:
        head, foot = f"**{wording.title}**\n", f"\n[{wording.link_title}]({wording.link})"
        room = _TEXT_BYTES[Kind.WECOM] - len((head + foot).encode())
        text = head + shortened(wording.text, bytes_max=room) + foot
        return _json({"msgtype": "markdown", "markdown": {"content": text}})
    card = {
        "card_type": "text_notice",
        "main_title": {"title": wording.title},
        "sub_title_text": wording.text,
        "jump_list": [{"type": 1, "title": wording.link_title, "url": wording.link}],
        "card_action": {"type": 1, "url": wording.link},
    }
    return _json({"msgtype": "template_card", "template_card": card})


def _webhook(wording: Wording, secret: str, timestamp: int, message_id: str) -> Outgoing:
    content = {
        "type": "notice.raised",
        "timestamp": timestamp,
        "data": {
            "level": wording.level,
            "title": wording.title,
            "text": wording.text,
            "link": wording.link,
        },
    }
    made = _json(content)
    if not secret:
        return made
    signed = signature_headers(
        message_id=message_id, timestamp=timestamp, body=made.body, secrets_valid=[secret]
    )
    return Outgoing(body=made.body, headers={**made.headers, **signed})


_Builder = Callable[[Wording, str, int, str], Outgoing]
_BUILDERS: Final[dict[Channel.Kind, _Builder]] = {
    Kind.DINGTALK: _dingtalk,
    Kind.FEISHU: _feishu,
    Kind.WECOM: _wecom,
    Kind.WEBHOOK: _webhook,
}


def _json(content: Mapping[str, Any], *, query: str = "") -> Outgoing:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Outgoing(
        body=body, headers={"Content-Type": "application/json; charset=utf-8"}, query=query
    )
