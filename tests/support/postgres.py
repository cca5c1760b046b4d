"""Private Postgres server on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "wholly-secret"


def programs() -> Path | None:
    """Return the directory of initdb and pg_ctl: on the path, or of Debian's package."""
    found = shutil.which("pg_ctl")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return Path(found).parent if found else debian[-1].parent if debian else None


class Postgres:
    """Private Postgres server.

    Args:
        folder: Directory for its files; the user postgres must be able to enter its parents.
    """

    def __init__(self, folder: Path) -> None:
        found = programs()
        if found is None:
            pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
        pytest.importorskip("psycopg2", reason='psycopg2 is not installed: pip install -e ".[postgres]"')
        self._bin = found
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", "postgres", str(folder)], check=True)
        self._run(
            "initdb",
            "-D",
            str(folder / "data"),
            "-U",
            "loader",
            "-A",
            "scram-sha-256",
            "--pwfile",
            str(secret),
            "-E",
            "UTF8",
            "--locale",
            "C.UTF-8",
        )

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -c fsync=off"
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"), "-o", options, "start"
        )

    def stop(self) -> None:
        """Stop it immediately."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")

    def url(self, password: str = PASSWORD, database: str = "postgres") -> str:
        """Return the connection string."""
        return f"postgresql://loader:{password}@127.0.0.1:{self.port}/{database}"

    def environment(self, password: str = PASSWORD) -> dict[str, str]:
        """Return the environment that configures dlt for it."""
        return {"DESTINATION__POSTGRES__CREDENTIALS": self.url(password)}

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Run statements and return the rows of the last one."""
        import psycopg2  # noqa: PLC0415

        connection = psycopg2.connect(self.url())
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        # The server refuses to run as root.
        command = (
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
            if os.getuid() == 0
            else command
        )
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder)


@contextmanager
def private_postgres() -> Iterator[Postgres]:
    """Start a server, and stop and delete it afterwards."""
    import tempfile  # noqa: PLC0415

    # Only its owner can enter pytest's directory.
    with tempfile.TemporaryDirectory(prefix="pg_") as folder:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder))
        server.start()
        try:
            yield server
        finally:
            with suppress(subprocess.CalledProcessError):
                server.stop()
