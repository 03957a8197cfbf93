"""Translations: written as .po files beside each app, compiled when the console starts.

Nobody needs gettext: the files of all apps become one catalogue in the console's cache, and only
when one of them has changed.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

import polib

DOMAIN_FILE: Final = "locale/zh_Hans.po"


def catalogue_files(root: Path) -> list[Path]:
    """The .po files of every app, in order."""
    return sorted(root.glob(f"*/{DOMAIN_FILE}"))


def compiled_catalogues(root: Path, folder: Path) -> Path:
    """A folder for LOCALE_PATHS with the compiled catalogue of every app below `root`."""
    sources = catalogue_files(root)
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    target = folder / digest
    compiled = target / "zh_Hans" / "LC_MESSAGES" / "django.mo"
    if compiled.is_file():
        return target
    merged = polib.POFile()
    merged.metadata = {
        "Content-Type": "text/plain; charset=utf-8",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    for path in sources:
        merged.extend(entry for entry in polib.pofile(str(path)) if not entry.obsolete)
    compiled.parent.mkdir(parents=True, exist_ok=True)
    new = compiled.with_suffix(f".{os.getpid()}")
    merged.save_as_mofile(str(new))
    new.replace(compiled)
    return target
