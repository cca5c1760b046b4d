"""What a call holds open while it waits, so that every wait has an end. Knows sockets, not what is said over them.

A read ends when data comes, or after a time without any: a server that sends a byte now and then is waited for without
end. So each call has a deadline as a whole, which a stop brings close. When it passes, the socket is shut down, and the
read that is blocked in it returns.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

from .. import settings

_TICK_SECONDS = 0.25


class Wires:
    """The sockets on which threads wait for a reply.

    Args:
        stopping: Once it is set, replies that are on their way have a moment left.
    """

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._waiting: dict[int, socket.socket] = {}
        self._late: set[int] = set()

    @contextlib.contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Let the calls of this thread, within the block, take so long in all."""
        thread, done = threading.get_ident(), threading.Event()
        self._late.discard(thread)
        threading.Thread(target=self._watch, args=(thread, done, seconds), daemon=True).start()
        try:
            yield
        finally:
            done.set()
            self._waiting.pop(thread, None)

    @property
    def is_late(self) -> bool:
        """Whether the last deadline of this thread has passed."""
        return threading.get_ident() in self._late

    def waits_on(self, connection: HTTPConnection) -> None:
        """This thread waits for a reply on a connection from now on."""
        if isinstance(connection.sock, socket.socket):
            self._waiting[threading.get_ident()] = connection.sock
            if self.is_late:
                _shut(connection.sock)

    def watch(self, manager: PoolManager) -> None:
        """Let every connection of a pool manager tell when it waits."""
        manager.pool_classes_by_scheme = {
            "http": _watched_pool(HTTPConnectionPool, HTTPConnection, self),
            "https": _watched_pool(HTTPSConnectionPool, HTTPSConnection, self),
        }

    def _watch(self, thread: int, done: threading.Event, seconds: float) -> None:
        until, is_stopping = time.monotonic() + seconds, False
        while not done.wait(min(_TICK_SECONDS, seconds)):
            if self._stopping.is_set() and not is_stopping:
                is_stopping = True
                until = min(until, time.monotonic() + settings.STOP_SECONDS)
            if time.monotonic() >= until:
                self._late.add(thread)
                waiting = self._waiting.get(thread)
                if waiting is not None:
                    _shut(waiting)
                return


def _watched_pool(pool: type[HTTPConnectionPool], connection: type[HTTPConnection], wires: Wires) -> Any:
    def getresponse(self: HTTPConnection) -> Any:
        wires.waits_on(self)
        return connection.getresponse(self)

    watched = type(f"Watched{connection.__name__}", (connection,), {"getresponse": getresponse})
    return type(f"Watched{pool.__name__}", (pool,), {"ConnectionCls": watched})


def _shut(waiting: socket.socket) -> None:
    # Of the plain socket: that of an encrypted one would first say goodbye to the other side.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(waiting, socket.SHUT_RDWR)
