"""Private MariaDB server on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "wholly-secret"


class MariaDb:
    """Private MariaDB server.

    Args:
        folder: Directory for its files; the user mysql must be able to enter its parents.
    """

    def __init__(self, folder: Path) -> None:
        if shutil.which("mariadbd") is None:
            pytest.skip("MariaDB is not installed: apt-get install mariadb-server")
        pytest.importorskip("pymysql", reason="pymysql is not installed: pip install pymysql")
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", "mysql", str(folder)], check=True)
        options = [f"--datadir={folder}/data", *self._user(), "--auth-root-authentication-method=normal"]
        subprocess.run(["mariadb-install-db", *options, "--skip-test-db"], check=True, capture_output=True)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        files = [f"--datadir={self.folder}/data", f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid"]
        address = ["--bind-address=127.0.0.1", f"--port={self.port}", "--character-set-server=utf8mb4"]
        self._process = subprocess.Popen(
            ["mariadbd", "--no-defaults", *self._user(), *files, *address, "--innodb-flush-log-at-trx-commit=0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()
        self.sql(
            f"CREATE USER IF NOT EXISTS loader@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO loader@'%'",
            user="root",
            password="",
        )

    def stop(self) -> None:
        """Stop it immediately."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def environment(self) -> dict[str, str]:
        """Return the environment that configures dlt for it."""
        url = f"mysql+pymysql://loader:{PASSWORD}@127.0.0.1:{self.port}/?charset=utf8mb4"
        return {"DESTINATION__SQLALCHEMY__CREDENTIALS": url}

    def sql(self, query: str, user: str = "loader", password: str = PASSWORD) -> list[tuple[Any, ...]]:
        """Run statements and return the rows of the last one."""
        import pymysql  # noqa: PLC0415
        from pymysql.constants import CLIENT  # noqa: PLC0415

        connection = pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=user,
            password=password,
            autocommit=True,
            charset="utf8mb4",
            client_flag=CLIENT.MULTI_STATEMENTS,
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                rows = list(cursor.fetchall())
                while cursor.nextset():
                    rows = list(cursor.fetchall())
                return rows
        finally:
            connection.close()

    def _wait(self) -> None:
        address = ["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", f"--port={self.port}", "--user=ping"]
        # It succeeds once the server answers, even if that is a rejected login.
        subprocess.run(
            ["mariadb-admin", *address, "--wait=60", "--connect-timeout=1", "ping"], check=True, capture_output=True
        )

    @staticmethod
    def _user() -> list[str]:
        # The server refuses to run as root.
        return ["--user=mysql"] if os.getuid() == 0 else []


@contextmanager
def private_mariadb() -> Iterator[MariaDb]:
    """Start a server, and stop and delete it afterwards."""
    # Only its owner can enter pytest's directory.
    with tempfile.TemporaryDirectory(prefix="maria_") as folder:
        Path(folder).chmod(0o755)
        server = MariaDb(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
