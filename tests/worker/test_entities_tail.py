"""The index of entities from a real journal: blind, as the events name them, without the erased."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from desk_of_tests import payment, send, serve, settings_of

from fengkong.console.entities.models import Entity, Seen
from fengkong.console.entities.queries import links_of, sequences_of
from fengkong.console.journaled.models import Decision
from fengkong.protection.subjects import subject_text
from fengkong.service.opening import open_for_reading
from fengkong.worker.tail import Tail

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def followed(directory: Path) -> Any:
    journal = open_for_reading(settings_of(directory), environment={})
    try:
        tail = Tail(journal.history)
        while tail.step():
            pass
        yield lambda kind, value: journal.history.vault.subject(
            subject_text(value, entity=kind)
        ).hex()
    finally:
        journal.close()


def test_who_used_a_device_is_found_until_they_are_erased(tmp_path: Path) -> None:
    async def decide(service: Any) -> None:
        await send(service, *map(payment, range(21)))

    async def erase(service: Any) -> None:
        assert (await service.desk.erase("customer:C3")).status == 200

    serve(tmp_path, decide)
    with followed(tmp_path) as index:
        users = links_of("device", index("device", "dev-0"))
        assert {one.entity for one in users} == {index("customer", f"C{n}") for n in range(7)}
        subjects = set(Decision.objects.values_list("subject", flat=True))
        assert {one.entity for one in users} == subjects
        events = Decision.objects.filter(
            sequence__in=sequences_of(index("device", "dev-0"), limit=99)
        )
        assert {int(one.event_id[2:]) % 3 for one in events} == {0}
        assert len(events) == 7
        clear = {b"C3", b"dev-0", b"card-1"}
        assert not any(value in bytes(one.blind) for one in Entity.objects.all() for value in clear)
        assert Seen.objects.count() == 3 * 21
    serve(tmp_path, erase, policy=None)
    with followed(tmp_path) as index:
        users = links_of("device", index("device", "dev-0"))
        assert len(users) == 6
        assert index("customer", "C3") not in {one.entity for one in users}
        assert Seen.objects.count() == 3 * 18
