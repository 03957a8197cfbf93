"""Django's settings for the tests and the type checker: those of an empty data directory."""

import atexit
import os
import shutil
import tempfile

if "FENGKONG_DATA" not in os.environ:
    _made = tempfile.mkdtemp(prefix="fengkong-empty-")
    atexit.register(shutil.rmtree, _made, ignore_errors=True)
    os.environ["FENGKONG_DATA"] = _made

from fengkong.console.project.settings import *  # noqa: F403
