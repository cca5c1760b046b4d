"""What a command writes to standard output. Survives every encoding, a reader that went away, and a full disk."""

from __future__ import annotations

import sys

# What stands for characters that a console may not have: Windows' own, where output is piped, is cp1252.
_PLAIN = str.maketrans({"✓": "[ok]", "✗": "[failed]"})


def say(text: str) -> None:
    """Write a text and a line end; what the console can't show is written as '?'."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    try:
        print(text, flush=True)  # noqa: T201 - what commands say
    except BrokenPipeError:
        pass  # Nobody reads on, as in `load.py | head -1`: the run itself is as good as it was.
    except OSError as error:
        print(f"The report could not be written: {error}", file=sys.stderr)  # noqa: T201 - the same
