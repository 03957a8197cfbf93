"""Static files as browsers get them: named by their content, compressed once, kept for good.

When the console starts, the files of all apps are gathered into its cache, in a folder that belongs
to their content: a start after an upgrade makes a new one. Where nothing was gathered, in tests,
files keep their names and are found where they lie.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

from django.contrib.staticfiles.finders import get_finders
from whitenoise.storage import CompressedManifestStaticFilesStorage

KEPT_MAX: Final = 3
"""How many gathered folders stay: a process of the version before may still serve its own."""


class GatheredFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names files by their content where they were gathered, by their own names elsewhere."""

    def stored_name(self, name: str) -> str:
        """The gathered name, the plain one where nothing was gathered."""
        return str(self.hashed_files.get(self.hash_key(self.clean_name(name)), name))


def gathered_folder(root: Path, cache: Path) -> Path:
    """Where the files of the apps below `root` belong: depends on names, sizes, times of change."""
    digest = hashlib.sha256()
    for path in sorted(root.glob("*/static/**/*")):
        if path.is_file():
            found = path.stat()
            digest.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    return cache / "static" / digest.hexdigest()[:16]


def gather_static_files(target: Path) -> None:
    """Gather the files of all apps into `target` unless they are there; needs a loaded Django.

    Processes that start together do no harm: each makes its own folder, one becomes the target.
    """
    if (target / "staticfiles.json").is_file():
        return
    making = target.with_name(f"{target.name}.{os.getpid()}")
    storage = GatheredFiles(location=str(making))
    paths: dict[str, tuple[GatheredFiles, str]] = {}
    for finder in get_finders():
        for path, source in finder.list([]):
            if path not in paths:
                with source.open(path) as file:
                    storage.save(path, file)
                paths[path] = (storage, path)
    for name, _, processed in storage.post_process(paths):
        if isinstance(processed, Exception):
            raise RuntimeError(f"{name} cannot be served") from processed  # noqa: TRY004
    if target.exists():  # made for a target that lost its manifest, or by another process just now
        shutil.rmtree(making if (target / "staticfiles.json").is_file() else target)
    if making.exists():
        making.rename(target)
    _drop_old(target)


def _drop_old(target: Path) -> None:
    folders = [path for path in target.parent.iterdir() if path.is_dir() and path != target]
    folders.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in folders[KEPT_MAX - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
