"""The code of the guide verifies what the product signs, in both languages of the guide."""

import re
import time
from pathlib import Path

import pytest

from fengkong.console.webhooks.delivering import WAITS
from fengkong.console.webhooks.signing import new_secret, signature_headers

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "how-to"


@pytest.mark.parametrize("name", ["receive-webhooks.md", "receive-webhooks.zh.md"])
def test_the_code_of_the_guide_verifies(name: str) -> None:
    page = (FOLDER / name).read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    made: dict[str, object] = {}
    exec(compile(code, name, "exec"), made)
    verified = made["verified"]
    old, new, body = new_secret(), new_secret(), "{“}".encode()
    headers = signature_headers(
        message_id="msg_1", timestamp=int(time.time()), body=body, secrets_valid=[new, old]
    )
    for secret in (old, new):
        assert verified(headers, body, secret)
    assert not verified(headers, body + b" ", new)
    assert not verified(headers, body, new_secret())
    assert not verified({**headers, "webhook-timestamp": "1"}, body, new)


def test_the_waits_are_those_of_the_guide() -> None:
    hour = 3_600
    said = (5, 300, 1_800, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour)
    assert said == WAITS
