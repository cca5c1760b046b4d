"""Headless Chromium, controlled through a pipe with the DevTools protocol."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60.0
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    # Covers of invented albums do not exist: no request leaves the machine.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)
# Addresses of covers in tests, which cannot be loaded.
_COVERS = ("https://i.scdn.co/image/", "https://localhost:1/image/")
# Code and text of each key.
_KEYS = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    " ": (32, " "),
    "End": (35, ""),
    "Home": (36, ""),
    "ArrowLeft": (37, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
}
_SHIFT = 8
# The protocol uses file descriptors 3 and 4. The pipes are moved first, because they may have these numbers.
_LAUNCH = """
import fcntl, os, sys
pipes = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
os.dup2(pipes[0], 3)
os.dup2(pipes[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_DRAWN = """
    new Promise((resolve) => {
        const look = () => document.querySelector("figure:not([data-drawn])") ? requestAnimationFrame(look) : resolve(true);
        look();
    })
"""


def installed() -> str | None:
    """Return the path of a browser that this module can control."""
    if os.name != "posix":
        return None
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Tab:
    """A tab with a page and its errors; each opened page gets a new one."""

    def __init__(self, asks: int, answers: int) -> None:
        self._asks, self._answers = asks, answers
        self._rest = b""
        self._number = 0
        self._session: str | None = None
        self._events: list[dict[str, Any]] = []

    def open(self, path: Path, width: int, height: int, scheme: str = "light", *, scripts: bool = True) -> None:
        """Open a page in a window of a size, and wait until it is loaded."""
        self._session, self._events = None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.resize(width, height)
        # Without smooth scrolling, positions are final at once.
        media = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": name, "value": value} for name, value in media.items()],
        )
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Page.navigate", url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._events.append(self._message())

    def resize(self, width: int, height: int) -> None:
        """Give the window another size; below 600 pixels it is a phone."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def drawn(self) -> None:
        """Wait until every chart is drawn; one with an error never is."""
        self.ask("new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))")
        assert not self.errors()
        self.ask(_DRAWN)

    def ask(self, expression: str) -> Any:
        """Return the value of an expression on the page, awaited if it is a promise."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release a key."""
        number, text = _KEYS[key]
        pressed = {"key": key, "windowsVirtualKeyCode": number, "modifiers": _SHIFT if shift else 0}
        typed = {"text": text} if text else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **pressed, **typed)
        self.call("Input.dispatchKeyEvent", type="keyUp", **pressed)

    def write(self, text: str) -> None:
        """Type a text into the focused element."""
        self.call("Input.insertText", text=text)

    def point_at(self, x: float, y: float) -> None:
        """Move the pointer."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def errors(self) -> list[str]:
        """Return errors and warnings of the console, except for missing covers."""
        found = []
        for event in self._events:
            said = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                found.append(json.dumps(said["exceptionDetails"]))
            elif event["method"] == "Runtime.consoleAPICalled" and said["type"] in {"error", "warning", "assert"}:
                found.append(json.dumps(said["args"]))
            elif event["method"] == "Log.entryAdded" and said["entry"]["level"] in {"error", "warning"}:
                entry = said["entry"]
                if not (entry["source"] == "network" and entry.get("url", "").startswith(_COVERS)):
                    found.append(json.dumps(entry))
        return found

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session and not method.startswith("Target."):
            message["sessionId"] = self._session
        os.write(self._asks, json.dumps(message).encode() + b"\0")
        while (answer := self._message()).get("id") != self._number:
            self._events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]  # type: ignore[no-any-return]

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], PATIENCE)
            assert ready, f"The browser is silent. So far: {self.errors()}"
            chunk = os.read(self._answers, 1 << 20)
            assert chunk, "The browser has ended."
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)  # type: ignore[no-any-return]


@contextmanager
def browser(path: str, profile: Path) -> Iterator[Tab]:
    """Start a browser with its own profile, and end it."""
    theirs_to_read, ours_to_write = os.pipe()
    ours_to_read, theirs_to_write = os.pipe()
    launch = [sys.executable, "-c", _LAUNCH, str(theirs_to_read), str(theirs_to_write)]
    process = subprocess.Popen(
        [*launch, path, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
        pass_fds=(theirs_to_read, theirs_to_write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_to_read)
    os.close(theirs_to_write)
    try:
        yield Tab(ours_to_write, ours_to_read)
    finally:
        os.close(ours_to_write)
        process.terminate()
        process.wait()
        os.close(ours_to_read)
