"""The screens of governance asked for by those who sign in."""

from typing import Any

from django.test import Client
from tests.console.operators import browser_of, with_second_factor

from fengkong.console.accounts.models import Operator


def signed_in(who: Operator) -> Client:
    return browser_of(with_second_factor(who), headers={"accept-language": "en"})


def page(client: Client, address: str, *, status: int = 200, **sent: Any) -> str:
    answer = client.post(address, sent) if sent else client.get(address)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()
