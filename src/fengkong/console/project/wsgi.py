"""What granian serves."""

from __future__ import annotations

import os

import django
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengkong.console.project.settings")


def _application() -> object:
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - needs a loaded Django

    from fengkong.console.shell.assets import gather_static_files  # noqa: PLC0415

    gather_static_files(settings.STATIC_ROOT)
    return get_wsgi_application()


application = _application()
