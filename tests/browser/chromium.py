"""A browser without a window, driven over its debugging protocol. Standard library only.

Chromium is started with ``--remote-debugging-pipe``: it reads commands from file descriptor 3 and
writes answers and events to 4, each a JSON object that ends with a zero byte.
"""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import time

NAMES = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_S = 60
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # which does not start for root, as in containers
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-pipe",
)


def find_chromium():
    """The path of a Chromium, None where there is none."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


@contextlib.contextmanager
def open_browser(profile):
    """A running Browser whose profile lies in the folder ``profile``."""
    command_read, command_write = os.pipe()
    answer_read, answer_write = os.pipe()

    def connect():  # in the child: the two pipes as 3 and 4, whatever their numbers were
        held = os.dup(command_read), os.dup(answer_write)
        os.dup2(held[0], 3)
        os.dup2(held[1], 4)

    arguments = [find_chromium(), *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(
        arguments,
        preexec_fn=connect,
        close_fds=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(command_read)
    os.close(answer_write)
    try:
        yield Browser(command_write, answer_read)
    finally:
        os.close(command_write)
        process.terminate()
        process.wait(TIMEOUT_S)
        os.close(answer_read)


class Browser:
    """One page of a browser; ``events`` are all (method, params) it has told of."""

    def __init__(self, commands, answers):
        self._commands, self._answers = commands, answers
        self._pending, self._number, self._session = b"", 0, None
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        """Call a method of the protocol; its result (dict)."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def open(self, url, dark=False, width=1280, height=900):
        """Load a page as it looks in a light or dark theme, and wait until it is complete."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(method == "Page.loadEventFired" for method, _ in self.events):
            self._receive()

    def evaluate(self, script):
        """The value of a JavaScript expression."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def screenshot(self, box=None):
        """The whole page, or a box (x, y, width, height) of it: bytes of a PNG."""
        clip = dict(zip(("x", "y", "width", "height"), box, strict=True)) if box else None
        more = {"clip": {**clip, "scale": 1}} if clip else {}
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=True, **more)
        return base64.b64decode(answer["data"])

    def complaints(self):
        """What the page wrote to the console as errors or warnings, and uncaught exceptions."""
        found = []
        for method, params in self.events:
            if method == "Runtime.exceptionThrown":
                found.append(params["exceptionDetails"]["text"])
            elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append(params["entry"]["text"])
            elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
                found.append(str(params["args"]))
        return found

    def requests(self):
        """The addresses the page asked for, its own first; ``data:`` lies inside it."""
        asked = (p["request"]["url"] for name, p in self.events if name.endswith("WillBeSent"))
        return [url for url in asked if not url.startswith("data:")]

    def _receive(self):
        """The next message; events are kept."""
        end = time.monotonic() + TIMEOUT_S
        while b"\0" not in self._pending:
            ready, _, _ = select.select([self._answers], [], [], max(0, end - time.monotonic()))
            chunk = os.read(self._answers, 1 << 20) if ready else b""
            assert chunk, "the browser does not answer"
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\0")
        message = json.loads(line)
        if "method" in message:
            self.events.append((message["method"], message.get("params", {})))
        return message
