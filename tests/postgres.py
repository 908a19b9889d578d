"""A PostgreSQL server of the tests' own, on a free port of this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

ABSENT = "PostgreSQL's server programs (initdb, pg_ctl) are not installed"


def programs() -> Path | None:
    """Where the server's programs are, if they are installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


class Server:
    """One server; may be stopped and started again."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.binaries, self.folder = binaries, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # The server refuses to be run by root.
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(folder, self.user)
        self.command("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "daybreak")
        self.start()

    @property
    def url(self) -> str:
        """Address for `--store`."""
        return f"postgresql://daybreak@127.0.0.1:{self.port}/postgres"

    def command(self, name: str, *words: str) -> None:
        """Run one of the server's programs."""
        subprocess.run(
            [self.binaries / name, *words],
            check=True,
            user=self.user,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start(self) -> None:
        """Start and wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        log = str(self.folder / "log")
        self.command("pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-l", log, "start")

    def stop(self) -> None:
        """Stop at once, whoever is connected."""
        self.command("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")


@contextmanager
def server() -> Generator[Server]:
    """A server that is gone afterwards."""
    binaries = programs()
    if binaries is None:
        pytest.skip(ABSENT)
    folder = Path(tempfile.mkdtemp(prefix="daybreak-postgres-"))
    folder.chmod(0o755)
    made = Server(binaries, folder)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
