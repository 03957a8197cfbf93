"""A PostgreSQL server of our own: in a folder, on a unix socket, ended with the tests."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import psycopg

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
_USER = "postgres"


def missing() -> str:
    """Why there can be no server here, or nothing."""
    if not _PLACES:
        return "no PostgreSQL under /usr/lib/postgresql"
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "PostgreSQL does not run as root, and there is no runuser"
    return ""


class PostgresServer:
    """A server with real durability; `kill` ends it as a power cut of its processes would."""

    def __init__(self) -> None:
        self._bin = _PLACES[-1].parent
        self.folder = Path(tempfile.mkdtemp(prefix="fk_pg_", dir="/tmp"))
        self._as_owner: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(self.folder, _USER)
            self._as_owner = ["runuser", "-u", _USER, "--"]
        self._data = self.folder / "data"
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None
        initdb = [*self._as_owner, str(self._bin / "initdb"), "-D", str(self._data), "-U", _USER]
        subprocess.run(
            [*initdb, "-A", "trust", "-E", "UTF8", "--locale=C"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
        )

    def start(self) -> Self:
        """Start it and wait until it answers. After a kill it has to wait for its children."""
        for _ in range(300):
            if self._process is None or self._process.poll() is not None:
                self._launch()
            try:
                psycopg.connect(self.url()).close()
            except psycopg.OperationalError:
                time.sleep(0.1)
            else:
                return self
        raise AssertionError((self.folder / "log").read_text())

    def _launch(self) -> None:
        command = [str(self._bin / "postgres"), "-D", str(self._data), "-k", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_owner, *command, "-c", "listen_addresses=", "-c", "shared_buffers=32MB"],
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )

    def url(self, database: str = "postgres") -> str:
        """How to reach a database of it."""
        return f"host={self.folder} user={_USER} dbname={database}"

    def new_database(self, **settings: str) -> str:
        """The URL of a fresh database with these settings."""
        self._databases += 1
        name = f"test_{self._databases}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
            for setting, value in settings.items():
                connection.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
        return self.url(name)

    def kill(self) -> None:
        """End the postmaster with kill -9; its other processes follow."""
        os.kill(self.pid(), signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def stop(self) -> None:
        """End it and remove everything of it."""
        if self._process is not None and self._process.poll() is None:
            os.kill(self.pid(), signal.SIGINT)
            self._process.wait()
        shutil.rmtree(self.folder)

    def pid(self) -> int:
        """The process id of the postmaster."""
        return int((self._data / "postmaster.pid").read_text().split()[0])
