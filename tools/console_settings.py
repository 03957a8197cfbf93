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

# Files are looked for when they are asked for, not by every client that a test makes.
WHITENOISE_AUTOREFRESH = True
# Tests hash hundreds of passwords; how slowly is the product's business, not theirs.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
