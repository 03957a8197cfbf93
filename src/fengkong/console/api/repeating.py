"""A POST with an Idempotency-Key is done once: sent again it has the answer that it had.

The answer is kept with what was done, in one transaction, sealed, for a day. A request that was
refused has done nothing, so nothing is kept of it and it may be sent again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import timedelta
from typing import Any, Final, cast

from django.core.files.uploadedfile import UploadedFile
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from fengkong.console.api.models import Bearer, KeptAnswer
from fengkong.console.personal.sealing import open_text, seal_text
from fengkong.core.errors import RiskError

HEADER: Final = "Idempotency-Key"
REPEATED: Final = "Idempotency-Replayed"
KEPT: Final = timedelta(days=1)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")


class InvalidRepeatKeyError(RiskError):
    """An Idempotency-Key is empty, too long, or has other characters than visible ASCII."""

    code = "api.invalid_idempotency_key"
    hint = "Send 1 to 200 visible ASCII characters, such as a UUID, or no such header."


class ReusedKeyError(RiskError):
    """An Idempotency-Key was used for another request before."""

    code = "api.reused_idempotency_key"
    hint = "Send each new request with a key of its own; a key is kept for a day."


class UnfinishedRequestError(RiskError):
    """The request of an Idempotency-Key is still being done."""

    code = "api.unfinished_request"
    hint = "Send the same request again in a moment."


def done_once(
    request: HttpRequest, bearer: Bearer, work: Callable[[], Any], *, lasting: bool
) -> Any:
    """What `work` gives, or gave when the same request was done before.

    Raises InvalidRepeatKeyError, ReusedKeyError, UnfinishedRequestError.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST":
        with nullcontext() if lasting else transaction.atomic():
            return work()
    if not _KEY.fullmatch(key):
        raise InvalidRepeatKeyError("the Idempotency-Key is not 1 to 200 visible characters")
    if not lasting:
        with transaction.atomic():
            return _answered(request, _claimed(request, bearer, key), work)
    with transaction.atomic():
        kept = _claimed(request, bearer, key)
    try:
        return _answered(request, kept, work)
    except BaseException:
        KeptAnswer.objects.filter(pk=kept.pk, status=0).delete()
        raise


def forget_answers() -> None:
    """Remove what was kept for a day."""
    KeptAnswer.objects.filter(at__lt=timezone.now() - KEPT).delete()


def _claimed(request: HttpRequest, bearer: Bearer, key: str) -> KeptAnswer:
    """The answer kept under a key of a token, or the place where it is going to be kept."""
    token_id = bearer.token_id
    old = KeptAnswer.objects.filter(token_id=token_id, key=key, at__lt=timezone.now() - KEPT)
    old.delete()
    kept, made = KeptAnswer.objects.get_or_create(
        token_id=token_id, key=key, defaults={"request_hash": request_hash(request)}
    )
    if made:
        return kept
    if kept.request_hash != request_hash(request):
        raise ReusedKeyError("another request was sent under this Idempotency-Key")
    if kept.status == 0:
        raise UnfinishedRequestError("the request of this Idempotency-Key is being done")
    return kept


def _answered(request: HttpRequest, kept: KeptAnswer, work: Callable[[], Any]) -> HttpResponse:
    if kept.status:
        KeptAnswer.objects.filter(pk=kept.pk).update(repeats=F("repeats") + 1)
        text = open_text(bytes(kept.sealed), context=kept.context)
        return _response(text, status=kept.status, repeated=True)
    result = work()
    assert not isinstance(result, HttpResponse), "a POST answers with what it did"
    text = json.dumps(result, ensure_ascii=False, cls=DjangoJSONEncoder)
    kept.status = 200
    kept.sealed = seal_text(text, context=kept.context)
    kept.save(update_fields=["status", "sealed"])
    del request
    return _response(text, status=200, repeated=False)


def _response(text: str, *, status: int, repeated: bool) -> HttpResponse:
    answer = HttpResponse(text, status=status, content_type="application/json")
    answer[REPEATED] = "true" if repeated else "false"
    return answer


def request_hash(request: HttpRequest) -> str:
    """What makes two requests the same: address, and the content whatever its boundary is."""
    parts = [request.method or "", request.get_full_path()]
    if request.FILES or request.content_type == "multipart/form-data":
        parts += [f"{name}={value}" for name, value in sorted(request.POST.items())]
        files = cast("Mapping[str, UploadedFile]", request.FILES)
        for name, file in sorted(files.items()):
            file.seek(0)
            parts.append(f"{name}:{file.name}:{hashlib.sha256(file.read()).hexdigest()}")
            file.seek(0)
    else:
        parts.append(hashlib.sha256(request.body).hexdigest())
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
