"""Drives the Chromium of this machine, headless, over a pair of pipes.

Chromium speaks its DevTools protocol as JSON with a NUL after each message on the descriptors 3
and 4 (`--remote-debugging-pipe`): that is all it takes, no driver and no port.
"""

import base64
import contextlib
import fcntl
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    *("--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu"),
    *("--no-first-run", "--disable-dev-shm-usage", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--lang=en-US"),
    # Nothing but this machine can be reached, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
WITHIN_S = 20.0
ABOVE_STANDARD = 10


def program() -> str | None:
    """Return the browser's program, or None where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Browser:
    """One running browser; its replies and events are read by whoever waits."""

    def __init__(self, chromium: str, profile: Path) -> None:
        read_by_it, self._to = (_high(end) for end in os.pipe())
        self._from, written_by_it = (_high(end) for end in os.pipe())
        quiet = os.open(os.devnull, os.O_RDWR)
        self._pid = os.posix_spawn(
            chromium,
            [chromium, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, read_by_it, 3),
                (os.POSIX_SPAWN_DUP2, written_by_it, 4),
                (os.POSIX_SPAWN_DUP2, quiet, 1),
                (os.POSIX_SPAWN_DUP2, quiet, 2),
            ],
            setpgroup=0,
        )
        for end in (read_by_it, written_by_it, quiet):
            os.close(end)
        self._rest, self._last = b"", 0
        self.events: list[dict] = []

    def call(self, method: str, session: str | None = None, **params: object) -> dict:
        """Send a command and return its result."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (told := self._next()).get("id") != self._last:
            self.events.append(told)
        if "error" in told:
            raise AssertionError(method, told["error"])
        return told["result"]

    def close(self) -> None:
        """End it and all its processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        for end in (self._to, self._from):
            os.close(end)

    def _next(self) -> dict:
        while b"\0" not in self._rest:
            more = os.read(self._from, 1 << 20)
            if not more:
                message = "the browser has ended"
                raise AssertionError(message)
            self._rest += more
        first, self._rest = self._rest.split(b"\0", 1)
        return json.loads(first)


class Page:
    """One tab, as a person with a screen of this width and a taste for light or dark sees it."""

    def __init__(self, browser: Browser, width: int = 1200, scheme: str = "light") -> None:
        self._browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        attached = browser.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self._call(f"{domain}.enable")
        self.resize(width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", features=features)

    def resize(self, **screen: object) -> None:
        """Show the page on another screen."""
        self._call("Emulation.setDeviceMetricsOverride", **screen)

    def go(self, url: str) -> None:
        """Open an address and wait until its scripts have run."""
        self.js("window.left = true")
        self._call("Page.navigate", url=url)
        self.until("!window.left && document.readyState === 'complete'")

    def js(self, expression: str) -> object:
        """Return the value of an expression."""
        told = self._call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, expression: str) -> object:
        """Wait until an expression is true, and return its value."""
        end = time.monotonic() + WITHIN_S
        while time.monotonic() < end:
            # A page on its way has no document to ask.
            with contextlib.suppress(AssertionError):
                if found := self.js(f"(it => it instanceof Node || it)({expression})"):
                    return found
            time.sleep(0.05)
        shown = self.js("document.body.innerText")
        message = f"never came true: {expression}; the page shows: {shown}"
        raise AssertionError(message)

    def text(self, selector: str) -> str:
        """Return what a person reads in an element."""
        return str(self.js(f"document.querySelector({json.dumps(selector)}).innerText"))

    def type(self, selector: str, text: str) -> None:
        """Replace what stands in a field, key by key as a person would."""
        self.js(f"document.querySelector({json.dumps(selector)}).select()")
        self.js(f"document.querySelector({json.dumps(selector)}).focus()")
        self._call("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """Press a key where the focus is."""
        codes = {"Enter": 13, "Tab": 9}
        about = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        text = {"text": "\r"} if key == "Enter" else {}
        self._call("Input.dispatchKeyEvent", type="keyDown", **about, **text)
        self._call("Input.dispatchKeyEvent", type="keyUp", **about)

    def choose_file(self, selector: str, path: Path) -> None:
        """Put a file into a file field."""
        root = self._call("DOM.getDocument")["root"]["nodeId"]
        node = self._call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self._call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def download(self, selector: str, path: Path) -> str:
        """Follow a link that saves a file, and return what was saved at this path."""
        behaviour = {"behavior": "allow", "downloadPath": str(path.parent)}
        self._browser.call("Browser.setDownloadBehavior", **behaviour)
        self.js(f"document.querySelector({json.dumps(selector)}).click()")
        end = time.monotonic() + WITHIN_S
        while not path.exists():
            assert time.monotonic() < end, f"{path.name} was not saved"
            time.sleep(0.05)
        return path.read_text()

    def picture(self, path: Path) -> None:
        """Write the whole page as PNG."""
        taken = self._call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    def requested(self) -> list[str]:
        """Return the addresses that pages have asked for."""
        return [event["request"]["url"] for event in self._told("Network.requestWillBeSent")]

    def complaints(self) -> list[str]:
        """Return what stands in the console as an error or a warning."""
        thrown = [json.dumps(event) for event in self._told("Runtime.exceptionThrown")]
        logged = [event["entry"] for event in self._told("Log.entryAdded")]
        said = self._told("Runtime.consoleAPICalled")
        return [
            *thrown,
            *(json.dumps(entry) for entry in logged if entry["level"] in {"error", "warning"}),
            *(json.dumps(event) for event in said if event["type"] in {"error", "warning"}),
        ]

    def forget(self) -> None:
        """Take what was complained of so far as expected."""
        self._told("Log.entryAdded")
        self._browser.events.clear()

    def _told(self, method: str) -> list[dict]:
        self._call("Runtime.evaluate", expression="0")
        return [
            event["params"]
            for event in self._browser.events
            if event.get("method") == method and event.get("sessionId") == self._session
        ]

    def _call(self, method: str, **params: object) -> dict:
        return self._browser.call(method, self._session, **params)


@contextlib.contextmanager
def browsing(chromium: str, profile: Path) -> Iterator[Browser]:
    """Run a browser for as long as it is needed."""
    browser = Browser(chromium, profile)
    try:
        yield browser
    finally:
        browser.close()


def _high(end: int) -> int:
    """Move a descriptor out of the way of 3 and 4, which are the browser's."""
    moved = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, ABOVE_STANDARD)
    os.close(end)
    return moved
