"""Prometheus, Alertmanager and a receiver of pages as children on loopback, for the demo and for tests."""

import contextlib
import json
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from ioc.broker import guard
from ioc.broker.settings import HOST, free_ports, refuse_used_port
from ioc.errors import CheckFailed

INSTALL = "apt-get install -y --no-install-recommends prometheus prometheus-alertmanager"
"""The one command that installs what is needed here (Debian, Ubuntu)."""

_READY_WITHIN_S = 30.0
_STOP_WITHIN_S = 5.0
_TAIL_LINES = 10
_PROGRAMS = {
    "prometheus": ("prometheus",),
    "promtool": ("promtool",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "amtool": ("amtool",),
}
"""Debian's name of each program first, then that of the project's own archives."""


def program(name: str) -> str:
    """Return the path of ``prometheus``, ``promtool``, ``alertmanager`` or ``amtool``.

    Raises
    ------
    CheckFailed
        It isn't installed; the message ends with the command that installs it.
    """
    for known in _PROGRAMS[name]:
        path = shutil.which(known)
        if path is not None:
            return path
    raise CheckFailed(f"{name} is not installed; on Debian or Ubuntu: {INSTALL}")


class Server(NamedTuple):
    """A server that runs: its name, where it answers, its process and its log."""

    name: str
    url: str
    pid: int
    log: Path

    def get(self, path: str) -> Any:
        """Return the JSON that it answers to ``path``.

        Raises
        ------
        OSError
            It doesn't answer, or refuses (`urllib.error.HTTPError`).
        """
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:  # noqa: S310 - our own server on loopback
            return json.load(answer)

    def reload(self) -> None:
        """Let it read its configuration anew.

        Raises
        ------
        OSError
            The configuration is refused.
        """
        request = urllib.request.Request(f"{self.url}/-/reload", method="POST")  # noqa: S310 - the same
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - the same


@contextlib.contextmanager
def prometheus(config: Path, directory: Path, *, port: int = 0) -> Iterator[Server]:
    """Run Prometheus on 127.0.0.1 with the configuration at ``config`` until the block ends, with exemplars.

    Parameters
    ----------
    config
        Its paths of rules are relative to it.
    directory
        Takes the data and the log.
    port
        0 takes a free one.

    Raises
    ------
    CheckFailed
        It isn't installed, or ended before it was ready: the message ends with its last lines.
    ConfigError
        The port is taken.
    """
    arguments = [
        f"--config.file={config}",
        f"--storage.tsdb.path={directory / 'prometheus'}",
        "--web.enable-lifecycle",
        "--enable-feature=exemplar-storage",
    ]
    with _serving("prometheus", arguments, directory, port) as server:
        yield server


@contextlib.contextmanager
def alertmanager(config: Path, directory: Path, *, port: int = 0) -> Iterator[Server]:
    """Run Alertmanager alone (no cluster) on 127.0.0.1 until the block ends; else as `prometheus`."""
    arguments = [
        f"--config.file={config}",
        f"--storage.path={directory / 'alertmanager'}",
        "--cluster.listen-address=",
    ]
    with _serving("alertmanager", arguments, directory, port) as server:
        yield server


@contextlib.contextmanager
def _serving(name: str, arguments: list[str], directory: Path, port: int) -> Iterator[Server]:
    path = program(name)
    if port:
        refuse_used_port(port)
    port = port or free_ports(1)[0]
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / f"{name}.log"
    guarding = [sys.executable, "-I", "-S", guard.__file__, str(_STOP_WITHIN_S), ""]
    with log.open("wb") as output:
        # the guard ends the server also when we are killed
        guarded = subprocess.Popen(  # noqa: S603 - our own interpreter, our own file
            [*guarding, path, *arguments, f"--web.listen-address={HOST}:{port}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us; we then stop it in good order
        )
    pid = int(guarded.stdout.readline() or 0) if guarded.stdout is not None else 0
    server = Server(name, f"http://{HOST}:{port}", pid, log)
    try:
        _wait_until_ready(server, guarded)
        yield server
    finally:
        with contextlib.suppress(BrokenPipeError):
            guarded.communicate(guard.FAREWELL)


def _wait_until_ready(server: Server, guarded: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline and guarded.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{server.url}/-/ready", timeout=5):  # noqa: S310 - loopback
            return
        time.sleep(0.05)
    tail = "\n".join(server.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:])
    raise CheckFailed(f"{server.name} did not start; its log ends with:\n{tail}")


class Page(NamedTuple):
    """An alert that came in with a notification: to which path, in which state, with which labels and annotations."""

    path: str
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]


class Pager:
    """Receives Alertmanager's webhooks and keeps what they say, in the order of arrival."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._news = threading.Condition()
        self._pages: list[Page] = []

    @property
    def pages(self) -> list[Page]:
        """What came in until now."""
        with self._news:
            return list(self._pages)

    def add(self, pages: list[Page]) -> None:
        """Keep the alerts of one notification."""
        with self._news:
            self._pages += pages
            self._news.notify_all()

    def wait(self, wanted: Callable[[Page], bool], timeout_s: float, count: int = 1) -> list[Page]:
        """Return the first ``count`` pages that are wanted as soon as they are there; fewer after ``timeout_s``."""
        with self._news:
            self._news.wait_for(lambda: sum(map(wanted, self._pages)) >= count, timeout_s)
            return [page for page in self._pages if wanted(page)][:count]


@contextlib.contextmanager
def pager(port: int = 0) -> Iterator[Pager]:
    """Receive pages on 127.0.0.1 until the block ends; every path takes them."""
    server = _PagerServer((HOST, port), _PagerHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _PagerServer(ThreadingHTTPServer):
    daemon_threads = True

    @cached_property
    def receiver(self) -> Pager:
        return Pager(f"http://{HOST}:{self.server_port}")


class _PagerHandler(BaseHTTPRequestHandler):
    server: _PagerServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.receiver.add(
            [Page(self.path, each["status"], each["labels"], each["annotations"]) for each in body["alerts"]]
        )
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: pages are no news for the console."""
