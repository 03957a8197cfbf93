"""``DATA``: at each line of input a child follows the journal into the read model, until killed.

The parent has everything imported already, so that a child begins at once: two hundred of them
cost seconds. It answers with the child's process id, and with how the child ended.
"""

import os
import sys
from pathlib import Path

from fengkong.console.project.setup import start_django
from fengkong.journal.opening import open_history
from fengkong.service.settings import load_settings

data = Path(sys.argv[1])
start_django(data)

from fengkong.worker import tail  # noqa: E402 - needs Django

tail.BATCH = 25  # so that a kill meets many transactions


def follow() -> None:
    following = tail.Tail(open_history(load_settings(data).place, environment=os.environ))
    while following.step():
        pass


print("ready", flush=True)
for _line in sys.stdin:
    child = os.fork()
    if child == 0:
        follow()
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
