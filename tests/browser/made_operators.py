"""Makes operators in a data directory: ``python -m tests.browser.made_operators DIR NAME:ROLE``.

Run as a process of its own, because a Django serves one data directory. Everybody's password and
authenticator secret are those of the browser tests.
"""

import os
import sys
from pathlib import Path

from tests.browser.made import PASSWORD


def main(directory: Path, wanted: list[str]) -> None:
    os.environ["FENGKONG_DATA"] = str(directory)
    os.environ["DJANGO_SETTINGS_MODULE"] = "fengkong.console.project.settings"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    from fengkong.console.project.setup import bring_schema_up_to_date, start_django

    start_django(directory)
    bring_schema_up_to_date()

    from django.db import transaction
    from tests.console.operators import new_operator

    with transaction.atomic():
        for one in wanted:
            name, _, roles = one.partition(":")
            new_operator(*roles.split(","), username=name, password=PASSWORD)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
