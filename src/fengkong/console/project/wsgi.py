"""What granian serves."""

from __future__ import annotations

import gc
import os
from typing import Final

import django
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengkong.console.project.settings")

COLLECTOR: Final = (10_000, 20, 20)
"""When cycles are looked for: a page makes ten thousand objects, and few cycles."""


def _application() -> object:
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - needs a loaded Django
    from django.urls import get_resolver  # noqa: PLC0415

    from fengkong.console.shell.assets import gather_static_files  # noqa: PLC0415
    from fengkong.console.traffic.turned_away import written  # noqa: PLC0415

    gather_static_files(settings.STATIC_ROOT)
    application = get_wsgi_application()
    # Every screen's module is read now, and what start-up made stays for good: otherwise the first
    # visitors of screens wait for both, the collector looking through all of it (0.3 s) too.
    get_resolver().reverse_dict  # noqa: B018
    gc.set_threshold(*COLLECTOR)
    gc.collect()
    gc.freeze()
    return written(application)


application = _application()
