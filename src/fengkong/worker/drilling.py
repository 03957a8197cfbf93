"""The process that attacks a sandbox: `python -m fengkong.worker.drilling DATA RUN`.

It starts a decision service of its own on a temporary data directory with a copy of the policy,
plays the simulator's attack among honest traffic against it, puts the switches that the people set
in force there, and counts what came of it. It ends with the drill, with the drill's time, or when
it cannot go on; the service ends with it, and nothing of it stays.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from fengkong.client.client import Client, Patience
from fengkong.client.errors import UnreachableError
from fengkong.console.drills.folders import folder_of
from fengkong.console.project.setup import start_django
from fengkong.core.errors import RiskError
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.encoding import encode
from fengkong.events.event import Event
from fengkong.protection.access import Access
from fengkong.protection.api_keys import KeyTerms
from fengkong.simulation.agenda import SimulatedEvent
from fengkong.simulation.platform import Simulation

START_S: Final = 120.0
LOOK_S: Final = 0.5
SENT_MAX: Final = 3_000
"""The most events of one drill, so that a forgotten one fills no disk."""
BEFORE: Final = 600
GRACE_S: Final = 60.0
WAVES: Final = 4
"""How often the attack comes within a drill, if its events took no time."""
GAP_S: Final = 2.0
"""The longest pause between two events: who watches sees the attack go on."""
ANSWER_S: Final = 10.0
UNREACHED_MAX: Final = 3
"""So many events in a row that reach nobody: the sandbox's service is gone or hangs."""
_PATIENCE: Final = Patience(tries=2, whole=ANSWER_S)
_DEATH_SIGNAL: Final = 1
_SCOPES: Final = frozenset({"decide", "record", "policy", "read"})


def main() -> None:
    """Attack until the drill is over."""
    data, run = Path(sys.argv[1]), int(sys.argv[2])
    os.nice(10)
    start_django(data)
    from fengkong.console.drills.claiming import claim  # noqa: PLC0415 - needs Django

    drill = claim(run, pid=os.getpid())
    if drill is None:
        return
    with sandbox(drill.policy_text, folder_of(data, run)) as (client, url):
        Attack(drill.pk, client, url).run()


@contextmanager
def sandbox(text: str, folder: Path) -> Iterator[tuple[Client, str]]:
    """A decision service on a directory of its own, with a client; all are gone afterwards.

    What an attack that was killed left in the directory goes first.
    """
    with ExitStack() as stack:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        policy, data, port = folder / "policy.yaml", folder / "data", free_port()
        policy.write_text(text, encoding="utf-8")
        data.mkdir(mode=0o700)
        command = [sys.executable, "-m", "fengkong.cli", "serve", "--data", str(data)]
        service = subprocess.Popen(  # noqa: S603 - our own program
            [*command, "--policy", str(policy), "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - no thread runs yet
        )
        stack.callback(_end, service)
        _wait_for(port, service)
        access = Access(data / "access.db")
        terms = KeyTerms(name="drill", scopes=_SCOPES, rate_per_second=10_000, burst=20_000)
        with closing(access):
            key = access.create(terms, now=time.time_ns() // 1000).text
        url = f"http://127.0.0.1:{port}"
        client = stack.enter_context(Client(url, key, timeout=ANSWER_S, patience=_PATIENCE))
        time.sleep(1.0)  # a running service knows a new key after a quarter of a second
        yield client, url


class Attack:
    """Plays events against the sandbox, and keeps its switches and its counts."""

    def __init__(self, run: int, client: Client, url: str) -> None:
        self._run = run
        self._client = client
        self._url = url
        self._until = time.monotonic() + START_S
        self._held: frozenset[int] | None = frozenset()
        self._counts: Counter[str] = Counter()
        self._unreached = 0

    def run(self) -> None:
        """Until the drill ends, its time is over, or enough was sent."""
        from django.db import DatabaseError  # noqa: PLC0415 - needs Django

        from fengkong.console.drills.models import DrillRun  # noqa: PLC0415

        drill = DrillRun.objects.get(pk=self._run)
        self._counts.update(drill.attack)
        policy = load_policy(drill.policy_text, source="drill", catalogue=shipped_catalogue())
        before, during = traffic(drill.script["attack"])
        self._send(before, policy, counted=False)
        self._beat(drill)
        self._until = time.monotonic() + drill.minutes * 60 / drill.pace + GRACE_S
        gap = min(GAP_S, drill.minutes * 60 / drill.pace / max(WAVES * len(during), 1))
        looked, events = 0.0, self._waves(during)
        while time.monotonic() < self._until:
            if time.monotonic() - looked >= LOOK_S:
                looked = time.monotonic()
                drill.refresh_from_db()
                if drill.state != DrillRun.State.RUNNING:
                    return
                with suppress(DatabaseError):  # it is held by others: looked at again in a moment
                    self._keep_switches(drill)
                    self._beat(drill)
            item = next(events, None)
            if item is not None:
                self._send([item], policy, counted=True)
            time.sleep(gap if item is not None else LOOK_S)

    def _waves(self, during: list[SimulatedEvent]) -> Iterator[SimulatedEvent]:
        """The attack over and over, each wave under ids of its own, until somebody stops it."""
        for number in range(SENT_MAX):
            wave = f"{os.getpid()}-{number}"
            for item in during[: SENT_MAX - number * len(during)]:
                event = msgspec.structs.replace(item.event, id=f"{item.event.id}-{wave}")
                yield msgspec.structs.replace(item, event=event)
            if (number + 1) * len(during) >= SENT_MAX:
                return

    def _keep_switches(self, drill: Any) -> None:
        from django.db import transaction  # noqa: PLC0415 - needs Django
        from django.utils import timezone  # noqa: PLC0415

        from fengkong.console.drills.switches import bring_drill_into_line  # noqa: PLC0415

        with transaction.atomic():
            self._held = bring_drill_into_line(
                drill, self._publish, now=timezone.now(), held=self._held
            )

    def _publish(self, text: str) -> int | None:
        return int(self._client.publish(text)["sequence"])

    def _send(self, items: list[SimulatedEvent], policy: Policy, *, counted: bool) -> None:
        now = time.time_ns() // 1000
        for item in items:
            event = msgspec.structs.replace(item.event, occurred_at=now) if counted else item.event
            try:
                outcome = self._answered(event, policy)
            except RiskError as error:
                self._counts["lost"] += counted
                self._note_unreached(error)
                continue
            self._unreached = 0
            if outcome is None:
                continue
            if counted:
                side = "attack" if item.is_fraud else "honest"
                switched = "switched" if self._held else "open"
                self._counts[f"{side}_{switched}_{'passed' if outcome == 'allow' else 'met'}"] += 1

    def _answered(self, event: Event, policy: Policy) -> str | None:
        """What the sandbox decided of an event; None of one that is only recorded."""
        if event.type not in policy.events:
            self._client.record(encode(event))
            return None
        return str(self._client.decide(encode(event))["decision"]["outcome"])

    def _note_unreached(self, error: RiskError) -> None:
        """Give up once nobody answers any more: the worker starts a new sandbox then."""
        self._unreached = self._unreached + 1 if isinstance(error, UnreachableError) else 0
        if self._unreached >= UNREACHED_MAX:
            raise SystemExit("the sandbox's service does not answer any more")

    def _beat(self, drill: Any) -> None:
        """Say that it lives, and what came of it so far."""
        from django.utils import timezone  # noqa: PLC0415 - needs Django

        said = {"pid": os.getpid(), "url": self._url, "beat": timezone.now().isoformat()}
        type(drill).objects.filter(pk=drill.pk).update(sandbox=said, attack=dict(self._counts))


def traffic(attack: dict[str, Any]) -> tuple[list[SimulatedEvent], list[SimulatedEvent]]:
    """Events of before, sent at once, and those that are played: the attack among honest ones."""
    simulation = Simulation(
        scenarios=(attack["scenario"],),
        seed=attack["seed"],
        days=1,
        customers=attack["customers"],
        parameters={attack["scenario"]: attack.get("parameters", {})},
    )
    events = list(islice(simulation.events(), SENT_MAX))
    first = next((n for n, one in enumerate(events) if one.is_fraud), len(events) // 2)
    begins = max(min(first, len(events) - 1), 1)
    return events[max(0, begins - BEFORE) : begins], events[begins:]


def free_port() -> int:
    """A port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, service: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if service.poll() is not None:
            raise SystemExit("the sandbox's service ended")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the sandbox's service did not start")


def _end(service: subprocess.Popen[bytes]) -> None:
    service.terminate()
    try:
        service.wait(20)
    except subprocess.TimeoutExpired:
        service.kill()
        service.wait(5)


def _die_with_parent() -> None:
    """Have the service killed with this process: nothing of a sandbox stays behind.

    It holds nothing that is worth a clean end.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)


if __name__ == "__main__":
    main()
