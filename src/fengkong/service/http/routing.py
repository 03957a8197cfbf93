"""The addresses of the service: one declared table that the app, the OpenAPI and the tests read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal
from urllib.parse import unquote_to_bytes

from fengkong.core.bilingual import Bilingual
from fengkong.service.http.bodies import (
    BATCH_BYTES_MAX,
    BATCH_MEDIA,
    EVENT_BYTES_MAX,
    EVENT_MEDIA,
    POLICY_BYTES_MAX,
    POLICY_MEDIA,
    SUBJECT_BYTES_MAX,
)
from fengkong.service.refusals import MethodNotAllowedError, UnknownAddressError

Scope = Literal[
    "decide", "record", "read", "explain", "policy", "audit", "find", "metrics", "admin"
]
Method = Literal["GET", "POST", "PUT", "DELETE"]


class Sends(Enum):
    """What the body of a request to an address is: its media types and how long it may be.

    `submits`: it gives the writer work, and so is refused when there is too much of it.
    """

    NOTHING = ("nothing", (), 0)
    EVENT = ("event", EVENT_MEDIA, EVENT_BYTES_MAX)
    BATCH = ("batch", BATCH_MEDIA, BATCH_BYTES_MAX)
    POLICY = ("policy", POLICY_MEDIA, POLICY_BYTES_MAX)
    SUBJECT = ("subject", EVENT_MEDIA, SUBJECT_BYTES_MAX)
    VALUE = ("value", EVENT_MEDIA, SUBJECT_BYTES_MAX)

    def __init__(self, title: str, media: Sequence[bytes], limit: int) -> None:
        # Plain attributes: an enum's own value takes a call, and this is asked of every request.
        self.media = media
        self.limit = limit
        self.submits = title in ("event", "batch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one address; `scope` is what its caller's key must have, None for anyone."""

    name: str
    method: Method
    path: str
    scope: Scope | None
    title: Bilingual
    sends: Sends = Sends.NOTHING


def _route(
    call: str, *, name: str, scope: Scope | None, zh: str, en: str, sends: Sends = Sends.NOTHING
) -> Route:
    method, _, path = call.partition(" ")
    assert method in ("GET", "POST", "PUT", "DELETE"), f"no such method {method}"
    title = Bilingual(zh=zh, en=en)
    return Route(name=name, method=method, path=path, scope=scope, title=title, sends=sends)  # type: ignore[arg-type]


ROUTES: Final[tuple[Route, ...]] = (
    _route(
        "POST /v1/decisions",
        name="decide",
        scope="decide",
        sends=Sends.EVENT,
        zh="判定一个事件",
        en="Decide one event",
    ),
    _route(
        "POST /v1/decisions/batch",
        name="decide_many",
        scope="decide",
        sends=Sends.BATCH,
        zh="按顺序判定多个事件",
        en="Decide many events, in order",
    ),
    _route(
        "POST /v1/events",
        name="record",
        scope="record",
        sends=Sends.EVENT,
        zh="记录一个事件，不作判定",
        en="Record one event without a verdict",
    ),
    _route(
        "POST /v1/events/batch",
        name="record_many",
        scope="record",
        sends=Sends.BATCH,
        zh="按顺序记录多个事件",
        en="Record many events, in order",
    ),
    _route(
        "GET /v1/decisions/{id}",
        name="find",
        scope="read",
        zh="查询已记录的决策",
        en="The answer recorded for an event",
    ),
    _route(
        "GET /v1/decisions/{id}/explanation",
        name="explain",
        scope="explain",
        zh="重新推导决策，并与记录比较",
        en="The decision derived again, compared with what was recorded",
    ),
    _route(
        "GET /v1/policies",
        name="policies",
        scope="policy",
        zh="现行、影子、灰度和历史策略",
        en="The live policy, the shadow or canary, and those before",
    ),
    _route(
        "POST /v1/policies",
        name="publish",
        scope="policy",
        sends=Sends.POLICY,
        zh="启用策略",
        en="Put a policy in force",
    ),
    _route(
        "POST /v1/policies/rollback",
        name="rollback",
        scope="policy",
        zh="撤销上一次变更：结束灰度，否则退回上一个策略",
        en="Undo the last change: end the canary, else go back to the policy before",
    ),
    _route(
        "POST /v1/policies/promote",
        name="promote",
        scope="policy",
        zh="启用并行运行的策略",
        en="Put the policy that runs beside the live one in force",
    ),
    _route(
        "PUT /v1/policies/shadow",
        name="shadow",
        scope="policy",
        sends=Sends.POLICY,
        zh="让策略以影子方式并行运行",
        en="Run a policy beside the live one",
    ),
    _route(
        "DELETE /v1/policies/shadow",
        name="end_shadow",
        scope="policy",
        zh="结束影子策略",
        en="End the shadow policy",
    ),
    _route(
        "PUT /v1/policies/canary",
        name="canary",
        scope="policy",
        sends=Sends.POLICY,
        zh="让策略对一部分主体作出判定（灰度）",
        en="Have a policy answer for a share of the subjects",
    ),
    _route(
        "DELETE /v1/policies/canary",
        name="end_canary",
        scope="policy",
        zh="结束灰度策略",
        en="End the canary policy",
    ),
    _route(
        "POST /v1/erasures",
        name="erase",
        scope="admin",
        sends=Sends.SUBJECT,
        zh="删除一个主体的个人信息",
        en="Erase the personal data of a subject",
    ),
    _route(
        "POST /v1/lookups",
        name="look_up",
        scope="find",
        sends=Sends.VALUE,
        zh="查找含有某个值的条目",
        en="Find the entries that hold a value",
    ),
    _route(
        "GET /v1/ledger/checkpoint",
        name="checkpoint",
        scope="audit",
        zh="最新的签名检查点",
        en="The latest signed checkpoint",
    ),
    _route(
        "GET /v1/ledger/tile/entries/{tile}",
        name="bundle",
        scope="audit",
        zh="账本条目束",
        en="The leaves of one tile",
    ),
    _route(
        "GET /v1/ledger/tile/{level}/{tile}",
        name="tile",
        scope="audit",
        zh="账本的哈希瓦片",
        en="The hashes of one tile",
    ),
    _route(
        "GET /v1/ledger/inclusion",
        name="inclusion",
        scope="audit",
        zh="条目在账本中的证明",
        en="The proof that an entry is in the ledger",
    ),
    _route(
        "GET /v1/ledger/consistency",
        name="consistency",
        scope="audit",
        zh="账本只增不改的证明",
        en="The proof that the ledger only grew",
    ),
    _route("GET /healthz", name="health", scope=None, zh="进程存活", en="The process is alive"),
    _route("GET /readyz", name="ready", scope=None, zh="可接收请求", en="Requests are taken"),
    _route(
        "GET /metrics", name="metrics", scope="metrics", zh="Prometheus 指标", en="For Prometheus"
    ),
    _route("GET /openapi.json", name="openapi", scope=None, zh="接口说明", en="This description"),
)

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_FORMS: Final = {
    "id": r"([^/]+)",
    "level": r"([0-9]{1,2})",
    "tile": r"((?:x[0-9]{3}/)*[0-9]{3}(?:\.p/[0-9]{1,3})?)",
}
NO_PARAMETERS: Final[tuple[str, ...]] = ()


class Router:
    """Finds the route of a request: whole addresses by one look, others by their pattern."""

    def __init__(self, routes: Sequence[Route] = ROUTES) -> None:
        self.direct: dict[tuple[str, bytes], Route] = {
            (route.method, route.path.encode()): route for route in routes if "{" not in route.path
        }
        self._patterns = [
            (re.compile(_PARAMETER.sub(lambda match: _FORMS[match[1]], route.path)), route)
            for route in routes
            if "{" in route.path
        ]

    def find(self, *, method: str, raw_path: bytes) -> tuple[Route, tuple[str, ...]]:
        """The route and the parameters in its address, percent-decoded.

        HEAD is answered where GET is. Raises UnknownAddressError, or MethodNotAllowedError.
        """
        wanted = "GET" if method == "HEAD" else method
        route = self.direct.get((wanted, raw_path))
        if route is not None:
            return route, NO_PARAMETERS
        path = raw_path.decode("ascii", "replace")
        known = any(address == raw_path for _, address in self.direct)
        for pattern, candidate in self._patterns:
            match = pattern.fullmatch(path)
            if match is not None and candidate.method == wanted:
                return candidate, tuple(map(_decoded, match.groups()))
            known = known or match is not None
        if known:
            raise MethodNotAllowedError(f"{method[:16]} is not answered here")
        raise UnknownAddressError("nothing is at this address")

    def allowed(self, raw_path: bytes) -> str:
        """The methods that an address answers, for the Allow header."""
        methods = {method for method, address in self.direct if address == raw_path}
        path = raw_path.decode("ascii", "replace")
        methods |= {route.method for form, route in self._patterns if form.fullmatch(path)}
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _decoded(segment: str) -> str:
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise UnknownAddressError("nothing is at this address") from None
