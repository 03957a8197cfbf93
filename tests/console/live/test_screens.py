"""Every screen comes, in both languages, with and without anything to show."""

import pytest
from django.test import Client

SCREENS = (
    *("/live/", "/live/?period=1h", "/live/?period=7d", "/live/?period=30d&type=payment.initiated"),
    *("/live/stream/", "/decisions/", "/decisions/?outcome=deny&rule=device.shared&least=1"),
    *("/live/features/", "/live/models/", "/live/health/", "/decisions/1/"),
)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("address", SCREENS)
def test_a_screen_comes(desk: Client, filled: int, address: str, language: str) -> None:
    desk.cookies["django_language"] = language
    answer = desk.get(address)
    assert answer.status_code == 200, answer.content[:500]


@pytest.mark.parametrize("address", [one for one in SCREENS if one != "/decisions/1/"])
def test_a_screen_with_nothing_to_show_comes(desk: Client, address: str) -> None:
    assert desk.get(address).status_code == 200
