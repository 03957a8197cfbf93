"""The clock stepped back: sequences grow, nothing expired comes back, no signature acts again."""

import json
import random
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hosting import TERMS, Host, Hosted, RefusedStartError, Site, new_key
from journal_check import missing, verified
from load import Acknowledged, Made, send_all

from fengkong.client.signatures import Message, content_digest, sign, signing_key
from fengkong.core.instants import DAY_US, HOUR_US, SECOND_US, format_instant
from fengkong.protection.api_keys import ID_LENGTH, PREFIX, KeyTerms

BACK = {"an hour": HOUR_US, "a day": DAY_US, "ten years": 3653 * DAY_US}
LONG_AGO = 12 * 366 * DAY_US


def now_us() -> int:
    return time.time_ns() // 1000


def signed(key: str, body: bytes, *, port: int, nonce: str, created: int) -> dict[str, str]:
    """The headers of a signed request, by keyword names."""
    digest = content_digest(body)
    message = Message(
        method="POST",
        authority=f"127.0.0.1:{port}",
        path=urlsplit("/v1/decisions").path,
        query="?",
        headers={"content-digest": digest},
    )
    start = len(PREFIX)
    headers = sign(
        message,
        key=signing_key(key[start + ID_LENGTH + 1 :]),
        key_id=key[start : start + ID_LENGTH],
        nonce=nonce,
        created=created,
    )
    return {"Content_Digest": digest} | {k.replace("-", "_"): v for k, v in headers.items()}


def status_of(hosted: Hosted, key: str, body: bytes) -> int:
    mine, hosted.site.key = hosted.site.key, key
    try:
        return hosted.call("POST", "/v1/decisions", body)[0]
    finally:
        hosted.site.key = mine


@pytest.mark.parametrize("step", BACK.values(), ids=BACK)
def test_a_clock_stepped_back_while_serving_and_between(
    host: Host, tmp_path: Path, step: int
) -> None:
    site = Site.new(tmp_path / "site")
    site.hooks = {"control": str(tmp_path / "control"), "clock_us": 0}
    short = new_key(
        site.data, KeyTerms(name="s", scopes=TERMS.scopes, expires_at=now_us() + 30 * SECOND_US)
    )
    made = Made(random.Random(step), prefix="clock")
    events = [
        made.payment(occurred_at=format_instant(now_us() - LONG_AGO + 1000 * n)) for n in range(60)
    ]
    acknowledged = Acknowledged()
    hosted = host.start(site)
    send_all(hosted, events[:20], acknowledged)

    # Everything valid now is used or expires now ...
    before = events[50].body
    request = signed(site.key, before, port=hosted.port, nonce="n-1", created=now_us() // SECOND_US)
    assert hosted.call("POST", "/v1/decisions", before, **request)[0] == 200
    assert hosted.call("POST", "/v1/decisions", before, **request)[0] == 401
    assert status_of(hosted, short, events[0].body) == 200
    hosted.turn(clock_us=31 * SECOND_US)
    time.sleep(0.6)  # a key found good is taken as good for a moment
    assert status_of(hosted, short, events[0].body) == 401

    # ... and stays so when the clock goes back, at once and after a restart.
    for restarted in (False, True):
        site.hooks["clock_us"] = -step
        if restarted:
            hosted.stop()
            hosted = host.start(site)
        else:
            hosted.turn(clock_us=-step)
        time.sleep(0.6)
        assert status_of(hosted, short, events[0].body) == 401
        assert hosted.call("POST", "/v1/decisions", before, **request)[0] == 401
        at = 20 if not restarted else 35
        send_all(hosted, events[at : at + 15], acknowledged)
        send_all(hosted, events[:at], acknowledged)
    # The clock right again: what was signed in the first moment is refused still.
    hosted.turn(clock_us=0)
    assert hosted.call("POST", "/v1/decisions", before, **request)[0] == 401
    hosted.kill()
    assert not missing(acknowledged.answers, verified(site))
    sequences = [json.loads(acknowledged.answers[sent.id])["sequence"] for sent in events[:50]]
    assert sequences == sorted(set(sequences))


def test_a_signature_of_the_future_never_acts_twice(host: Host, tmp_path: Path) -> None:
    """Signed while the clock was ten years ahead, and sent again when that time has come."""
    site = Site.new(tmp_path / "site")
    ahead = BACK["ten years"]
    site.hooks = {"control": str(tmp_path / "control"), "clock_us": ahead}
    hosted = host.start(site)
    made = Made(random.Random(1), prefix="ahead")
    body = made.payment().body
    created = (now_us() + ahead) // SECOND_US
    request = signed(site.key, body, port=hosted.port, nonce="n-2", created=created)
    assert hosted.call("POST", "/v1/decisions", body, **request)[0] == 200
    other = made.payment()
    for clock in (0, ahead - 3600 * SECOND_US, ahead, ahead + 60 * SECOND_US):
        hosted.turn(clock_us=clock)
        now = (now_us() + clock) // SECOND_US
        fresh = signed(site.key, other.body, port=hosted.port, nonce=f"n{clock}", created=now)
        assert hosted.call("POST", "/v1/decisions", other.body, **fresh)[0] in (200, 401)
        assert hosted.call("POST", "/v1/decisions", body, **request)[0] == 401
    hosted.stop()


assert RefusedStartError
