"""A POST with an Idempotency-Key is done once, whoever sends it how often."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.utils import timezone
from tests.console.api.test_operations import TERMS, Program
from tests.console.operators import new_operator

from fengkong.console.api.models import ApiToken, KeptAnswer
from fengkong.console.api.repeating import KEPT, forget_answers, request_hash
from fengkong.console.audit.models import AuditEntry
from fengkong.console.webhooks.models import Endpoint

pytestmark = pytest.mark.django_db
KEY = "b5c1a3f0-8d0e-4b53-9f0a-000000000001"


@pytest.fixture
def program(settings: Any) -> Program:
    from dataclasses import replace

    settings.CONSOLE = replace(settings.CONSOLE, webhook_networks=("127.0.0.0/8",))
    settings.CONSOLE.keys.mkdir(mode=0o700, exist_ok=True)
    return Program(new_operator("system_admin", username="ada"))


def post(program: Program, said: Any = TERMS, *, key: str = KEY, path: str = "/webhooks") -> Any:
    return program.ask("POST", path, said, **{"Idempotency-Key": key})


def test_the_same_request_has_the_same_answer_and_is_done_once(program: Program) -> None:
    first, again = post(program), post(program)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert first.json()["secret"].startswith("whsec_")
    assert (first["Idempotency-Replayed"], again["Idempotency-Replayed"]) == ("false", "true")
    assert Endpoint.objects.count() == 1
    assert AuditEntry.objects.filter(action="add_webhook").count() == 1
    assert KeptAnswer.objects.get().repeats == 1


def test_the_answer_is_kept_sealed(program: Program) -> None:
    secret = post(program).json()["secret"]
    assert secret.encode() not in bytes(KeptAnswer.objects.get().sealed)


@pytest.mark.parametrize(
    ("path", "said"),
    [("/webhooks", {**TERMS, "name": "other"}), ("/webhooks?x=1", TERMS)],
)
def test_another_request_under_the_key_is_refused(program: Program, path: str, said: Any) -> None:
    post(program)
    answer = post(program, said, path=path)
    assert answer.status_code == 422
    assert answer.json()["code"] == "api.reused_idempotency_key"
    assert Endpoint.objects.count() == 1


def test_keys_are_a_tokens_own(program: Program) -> None:
    other = Program(new_operator("system_admin"))
    assert post(program).json()["id"] != post(other).json()["id"]


def test_without_a_key_each_request_is_done(program: Program) -> None:
    for _ in range(2):
        assert program.ask("POST", "/webhooks", TERMS).status_code == 200
    assert Endpoint.objects.count() == 2
    assert not KeptAnswer.objects.exists()


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 201, "键"])
def test_a_key_is_visible_ascii(program: Program, key: str) -> None:
    answer = post(program, key=key)
    assert answer.status_code == 422
    assert answer.json()["code"] == "api.invalid_idempotency_key"
    assert not Endpoint.objects.exists()


def test_what_was_refused_may_be_sent_again(program: Program) -> None:
    bad = {**TERMS, "url": "ftp://127.0.0.1/"}
    assert post(program, bad).status_code == 409
    assert not KeptAnswer.objects.exists()
    assert post(program).status_code == 200


def test_a_token_that_lost_its_permission_gets_no_old_answer(program: Program) -> None:
    post(program)
    ApiToken.objects.update(scopes=["system.view"])
    assert post(program).status_code == 403


def test_an_answer_is_kept_for_a_day(program: Program) -> None:
    first = post(program).json()["id"]
    KeptAnswer.objects.update(at=timezone.now() - KEPT - timedelta(seconds=1))
    assert post(program).json()["id"] != first
    KeptAnswer.objects.update(at=timezone.now() - KEPT + timedelta(minutes=1))
    forget_answers()
    assert KeptAnswer.objects.count() == 1
    KeptAnswer.objects.update(at=timezone.now() - KEPT - timedelta(seconds=1))
    forget_answers()
    assert not KeptAnswer.objects.exists()


def test_one_that_is_still_being_done_is_told_so(program: Program) -> None:
    post(program)
    KeptAnswer.objects.update(status=0)
    answer = post(program)
    assert answer.status_code == 409
    assert answer.json()["code"] == "api.unfinished_request"


def test_a_lasting_operation_that_fails_leaves_its_key_free() -> None:
    analyst = Program(new_operator("analyst"))
    answer = post(analyst, path="/decisions/1/replay")
    assert answer.status_code == 404
    assert not KeptAnswer.objects.exists()


def uploaded(content: bytes, boundary: str, **fields: str) -> str:
    from django.test.client import encode_multipart

    file = SimpleUploadedFile("values.csv", content, content_type="text/csv")
    body = encode_multipart(boundary, {**fields, "file": file})
    request = RequestFactory().generic(
        "POST", "/x", body, content_type=f"multipart/form-data; boundary={boundary}"
    )
    return request_hash(request)


def test_a_file_is_the_same_whatever_its_boundary() -> None:
    same = uploaded(b"a,b", "one", reason="r")
    assert uploaded(b"a,b", "two", reason="r") == same
    assert uploaded(b"a,c", "one", reason="r") != same
    assert uploaded(b"a,b", "one", reason="s") != same


def test_a_browser_without_a_token_keeps_nothing() -> None:
    answer = Client(HTTP_HOST="localhost").post(
        "/api/v1/webhooks", json.dumps(TERMS), "application/json", headers={"Idempotency-Key": KEY}
    )
    assert answer.status_code == 401
    assert not KeptAnswer.objects.exists()
