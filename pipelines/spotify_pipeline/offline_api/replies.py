"""What a request was and what is sent back; nothing about why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Body = Mapping[str, object] | Sequence[object] | str | bytes | None

JSON_TYPE = "application/json; charset=utf-8"


@dataclass
class LoggedRequest:
    """One request as it came in.

    Attributes:
        method: GET, POST, …
        path: The path as sent, without the query: ``/v1/albums/ID``.
        query: The query, decoded; of a repeated name the first value.
        headers: The headers, names in lower case.
        bucket: The kind of call, which is also what a quota counts by.
        at: When it came, by the server's clock.
        host: What the client called the server, for the links of the reply.
        form: The body of the token request, decoded.
        status: The status of the reply; None as long as none was completed.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    bucket: str
    at: float
    host: str = ""
    form: dict[str, str] = field(default_factory=dict)
    status: int | None = None


@dataclass(frozen=True)
class Reply:
    """What is sent back, or done to the connection instead.

    Attributes:
        status: The HTTP status.
        body: JSON as Python values, or text, or bytes as they are.
        headers: Headers beside, or in place of, the usual ones.
        truncate: Send only that many bytes of the body under its full Content-Length, then close.
        reset: Send nothing; reset the connection.
        hang: Seconds to wait before anything is sent.
        drip: How many bytes of the body to send at a time, and the seconds to wait after each.
    """

    status: int = 200
    body: Body = None
    headers: Mapping[str, str] = field(default_factory=dict)
    truncate: int | None = None
    reset: bool = False
    hang: float | None = None
    drip: tuple[int, float] | None = None

    def encoded(self) -> bytes:
        """The body as bytes."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def content_type(self) -> str | None:
        """The type the body has by its nature; text says none, as the real balancers' text does."""
        return None if self.body is None or isinstance(self.body, (str, bytes)) else JSON_TYPE
