"""A worker's parts in a process that may be killed: ``tail DATA``, ``jobs DATA FILE HANGS``."""

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from fengkong.console.project.setup import bring_schema_up_to_date, start_django
from fengkong.journal.opening import open_history
from fengkong.service.settings import load_settings

part, data = sys.argv[1], Path(sys.argv[2])
start_django(data)


def follow() -> None:
    from fengkong.worker import tail

    tail.BATCH = 25  # so that a kill meets many transactions
    following = tail.Tail(open_history(load_settings(data).place, environment=os.environ))
    print("ready", flush=True)
    while following.step():
        time.sleep(0.03)
    print("at the end", flush=True)


def do_jobs(file: Path, *, hangs: bool) -> None:
    from django.db import transaction

    from fengkong.console.outbox import jobs, leases
    from fengkong.worker.jobs import Jobs

    leases.LEASE = timedelta(seconds=1)

    def handler(job: object) -> None:
        with file.open("a") as lines:
            lines.write(f"{os.getpid()} {job.content['n']}\n")
        if hangs:
            time.sleep(60)

    jobs._KINDS.clear()  # those of the console's apps come by their schedules
    jobs.register_job("try", handler)
    with transaction.atomic():
        for number in range(3):
            jobs.put("try", {"n": number}, key=f"job {number}")
    print("ready", flush=True)
    hands, until = Jobs(), time.monotonic() + 30
    while time.monotonic() < until and leases.counted()["done"] < 3:
        hands.tend()
        if not hands.step():
            time.sleep(0.1)


if part == "schema":
    bring_schema_up_to_date()
elif part == "tail":
    follow()
else:
    do_jobs(Path(sys.argv[3]), hangs=sys.argv[4] == "yes")
