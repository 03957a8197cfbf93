"""What the core system says by itself: a signed answer to an action, at its own address."""

from __future__ import annotations

import json
import time
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from fengkong.console.actions.models import Action
from fengkong.console.actions.sending import answered, secret_of
from fengkong.console.project.declared import public
from fengkong.console.webhooks.signing import InvalidSignatureError, verify

BODY_BYTES_MAX: Final = 8_192
HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")


@csrf_exempt
@public
@require_POST
def answer(request: HttpRequest, action_id: str) -> HttpResponse:
    """Take an answer in: 204, or 401 where it is not signed by the system that was told.

    Nobody learns from the refusal whether there is such an action.
    """
    body = request.body[: BODY_BYTES_MAX + 1]
    action = Action.objects.select_related("system").filter(pk=action_id).first()
    if len(body) > BODY_BYTES_MAX or action is None or action.system is None:
        return _refused()
    headers = {name: request.headers.get(name, "") for name in HEADERS}
    try:
        verify(headers, body=body, secret=secret_of(action.system), now=int(time.time()))
    except InvalidSignatureError:
        return _refused()
    said = _parsed(body)
    if said.get("id") != action_id:
        return _refused()
    answered(
        action_id,
        status=str(said.get("status", "")),
        reference=str(said.get("reference", "")),
        message=str(said.get("message", "")),
    )
    return HttpResponse(status=204)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _refused() -> JsonResponse:
    return JsonResponse({"error": "not signed by the system that was told"}, status=401)
