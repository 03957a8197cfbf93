"""Every address of the console with what it asks for: the table that documents and tests read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.urls import URLPattern, URLResolver, get_resolver

from fengkong.console.project.declared import Access, declared_access

_ARGUMENT: Final = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Address:
    """One address; `route` names its arguments (`people/<str:username>/`)."""

    route: str
    name: str
    view: Callable[..., Any]
    access: Access | None

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of what stands in the address."""
        return tuple(_ARGUMENT.findall(self.route))

    @property
    def part(self) -> str:
        """The app that the address belongs to; what libraries give belongs to accounts."""
        module = str(getattr(self.view, "__module__", ""))
        prefix = "fengkong.console."
        return module.removeprefix(prefix).split(".")[0] if prefix in module else "accounts"

    def path(self, values: dict[str, object]) -> str:
        """The address with its arguments filled in; raises KeyError for one that is missing."""
        return "/" + _ARGUMENT.sub(lambda found: str(values[found[1]]), self.route)


def addresses() -> list[Address]:
    """All of them, in the order in which they are looked for."""
    return list(_below(get_resolver(), prefix="", namespace=""))


def _below(resolver: URLResolver, *, prefix: str, namespace: str) -> Iterator[Address]:
    for found in resolver.url_patterns:
        route = prefix + str(found.pattern).lstrip("^")
        if isinstance(found, URLResolver):
            inner = f"{namespace}{found.namespace}:" if found.namespace else namespace
            yield from _below(found, prefix=route, namespace=inner)
        elif isinstance(found, URLPattern):
            view = found.callback
            yield Address(route, f"{namespace}{found.name or ''}", view, declared_access(view))
