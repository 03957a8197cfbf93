"""A disk of its own: ext4 on a loop device, whose image is what has reached the platter."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Self

_MIB = 1 << 20


def missing() -> str:
    """Why there can be no such disk here, or nothing."""
    if os.geteuid() != 0:
        return "mounting a loop device needs root"
    for tool in ("mount", "umount", "mkfs.ext4"):
        if shutil.which(tool) is None:
            return f"there is no {tool}"
    if not Path("/dev/loop-control").exists():
        return "there are no loop devices"
    return ""


class LoopDisk:
    """A mounted image; `cut_power` goes on from what had reached it."""

    def __init__(self, folder: Path, *, mebibytes: int = 64, room: Path | None = None) -> None:
        self._image = (room or folder) / f"disk-{os.getpid()}-{folder.name}.img"
        self.mount = folder / "disk"
        self.mount.mkdir(parents=True)
        with self._image.open("wb") as file:
            file.truncate(mebibytes * _MIB)
        _run("mkfs.ext4", "-q", "-F", str(self._image))
        self._mount()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _run("umount", str(self.mount))
        self._image.unlink()

    def copy(self) -> Path:
        """What has reached the disk by now, as another image."""
        copied = self._image.with_suffix(".copy")
        _run("cp", "--sparse=always", str(self._image), str(copied))
        return copied

    def become(self, copied: Path) -> None:
        """Go on from a copy: whatever was not in it is gone."""
        _run("umount", str(self.mount))
        copied.replace(self._image)
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-o", "loop", str(self._image), str(self.mount))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command, done.stderr)
