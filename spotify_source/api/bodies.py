"""Reads the body of a reply, with a bound on what it takes in memory. Knows bytes, not their meaning."""

from __future__ import annotations

import zlib
from typing import Any, Final

import requests
import urllib3
from requests import Response

from .. import settings
from ..errors import UnreadableReplyError

# What a client of the Web API asks for; whatever else comes was not asked for.
ACCEPTED_ENCODINGS: Final = "gzip, deflate"

_PIECE: Final = 64 * 1024
# zlib's mark for a header of gzip or of zlib, whichever is there.
_ANY_HEADER: Final = zlib.MAX_WBITS | 32


def read_body(response: Response) -> bytes:
    """The whole body, decompressed.

    Raises:
        UnreadableReplyError: It is absurdly large, or can't be decompressed.
        requests.RequestException: It ended early, or did not come.
    """
    encoding = str(response.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise UnreadableReplyError("the reply is compressed in a way that was not asked for")
    body = _Plain() if encoding == "identity" else _Compressed()
    try:
        for piece in response.raw.stream(_PIECE, decode_content=False):
            body.add(piece)
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.ReadTimeout from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise requests.exceptions.ChunkedEncodingError from error
    except zlib.error as error:
        raise requests.exceptions.ContentDecodingError from error
    return bytes(body.content)


class _Plain:
    """A body as it comes."""

    def __init__(self) -> None:
        self.content = bytearray()

    def add(self, piece: bytes) -> None:
        self.content += piece
        if len(self.content) > settings.MAX_BODY_BYTES:
            raise UnreadableReplyError(f"the reply is larger than {settings.MAX_BODY_BYTES} bytes")


class _Compressed(_Plain):
    """A body that is decompressed as it comes, never further than the bound."""

    def __init__(self) -> None:
        super().__init__()
        self._unpack: Any = None

    def add(self, piece: bytes) -> None:
        while piece:
            if self._unpack is None:
                # Some servers leave the header of deflate out: https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1.2
                has_header = piece[:1] in (b"\x1f", b"\x78") or not piece
                self._unpack = zlib.decompressobj(_ANY_HEADER if has_header else -zlib.MAX_WBITS)
            super().add(self._unpack.decompress(piece, settings.MAX_BODY_BYTES + 1 - len(self.content)))
            piece = self._unpack.unconsumed_tail or self._unpack.unused_data
            if self._unpack.eof:
                # Another gzip member may follow: https://www.rfc-editor.org/rfc/rfc1952#section-2.2
                self._unpack = None
                if not piece.startswith(b"\x1f"):
                    return
