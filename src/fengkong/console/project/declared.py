"""Who may call what: a view says so itself, and a view that says nothing is closed to all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse

from fengkong.console.accounts.duties import PERMISSIONS
from fengkong.console.project.detours import to_sign_in

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

View = TypeVar("View", bound=Callable[..., Any])
_ATTRIBUTE: Final = "fengkong_access"
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Access:
    """What a view asks for: permissions to read and to act; None is any operator; or nothing."""

    read: str | None = None
    act: str | None = None
    public: bool = False

    def asked_by(self, method: str) -> str | None:
        """The permission that a request of this method needs."""
        return self.read if method in _READING else self.act


def needs(read: str | None, *, act: str | None = None) -> Callable[[View], View]:
    """Declare the permission that reading a view needs, and acting on it (the same unless said)."""
    for permission in (read, act):
        if permission is not None and permission not in PERMISSIONS:
            raise ImproperlyConfigured(f"there is no permission {permission!r}")
    return _declared(Access(read=read, act=act or read))


def public(view: View) -> View:
    """Declare a view that strangers may see."""
    return _declared(Access(public=True))(view)


def operators(view: View) -> View:
    """Declare a view that every signed-in operator may use."""
    return _declared(Access())(view)


def declared_access(view: Callable[..., Any]) -> Access | None:
    """What a view declares; None where it says nothing."""
    found = getattr(view, _ATTRIBUTE, None) or getattr(
        getattr(view, "view_class", None), _ATTRIBUTE, None
    )
    return found if isinstance(found, Access) else None


def demand(request: HttpRequest, access: Access) -> None:
    """Raises PermissionDenied where who is signed in lacks what a view asks for."""
    asked = access.asked_by(request.method or "GET")
    if not access.public and asked is not None and not operator_of(request).may(asked):
        raise PermissionDenied(asked)


def operator_of(request: HttpRequest) -> Operator:
    """Who is signed in; for views that are not public."""
    operator = request.user
    assert operator.is_authenticated, "strangers do not come here"
    return operator


class DeclaredAccess:
    """Refuses every request whose operator lacks what the view declares."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes on; the view is known only later."""
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """The refusal, None where the view may run."""
        access = declared_access(view)
        if access is None:
            raise PermissionDenied("this view declares nobody who may use it")
        if not access.public and not request.user.is_authenticated:
            return to_sign_in(request)
        demand(request, access)
        return None


def _declared(access: Access) -> Callable[[View], View]:
    def declare(view: View) -> View:
        setattr(view, _ATTRIBUTE, access)
        return view

    return declare
