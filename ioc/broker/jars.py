"""The jars of Apache Kafka: fetched once, checked against the pins in `jars.txt`, kept in the user's cache."""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from ioc.errors import DownloadError

KAFKA_VERSION = "4.1.0"
PINS = Path(__file__).with_name("jars.txt")

_ATTEMPTS = 3
_PARALLEL = 8
_TIMEOUT_S = 60

Progress = Callable[[str], None]


class Jar(Struct, frozen=True):
    """One pinned jar: Maven coordinate ``group:artifact:version``, length in bytes, SHA-256 in hexadecimal."""

    coordinate: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        """Return the name that Maven gives the file."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def is_at(self, path: Path) -> bool:
        """Whether ``path`` holds exactly this jar.

        The whole file is hashed, at every start: all jars together are 44 MB, 30 ms, against 2 s that Kafka needs to
        start; so no record of earlier checks is needed that could itself be wrong.
        """
        try:
            if path.stat().st_size != self.size:
                return False
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
        except OSError:
            return False


def pinned(path: Path = PINS) -> tuple[Jar, ...]:
    """Return the jars that Kafka runs on, in class path order, as `python -m ioc.broker.pin` wrote them.

    Examples
    --------
    >>> [jar.file_name for jar in pinned() if ":kafka_2.13:" in jar.coordinate]
    ['kafka_2.13-4.1.0.jar']
    """
    rows = (line.split() for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return tuple(Jar(coordinate, int(size), sha256) for sha256, size, coordinate in rows)


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Return where the jars are kept: ``$XDG_CACHE_HOME/ioc/kafka-<version>``, by default below ``~/.cache``.

    Examples
    --------
    >>> str(cache_directory({"XDG_CACHE_HOME": "/var/cache"}))
    '/var/cache/ioc/kafka-4.1.0'
    """
    base = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME") or Path.home()) / ".cache")
    return Path(base) / "ioc" / f"kafka-{KAFKA_VERSION}"


def class_path(directory: Path, progress: Progress, jars: tuple[Jar, ...] | None = None) -> list[Path]:
    """Return the path of every jar, fetching first what is missing or damaged in ``directory``.

    A jar appears under its name only when it is whole and its hash is right, and one process at a time fetches, so a
    broken download is never used and several first starts at once fetch everything once.

    Raises
    ------
    DownloadError
        A jar can't be fetched, is not what was pinned, or the directory can't be written.
    """
    jars = pinned() if jars is None else jars
    if _missing(jars, directory):
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with _alone(directory, progress):
                _fetch_all(_missing(jars, directory), directory, progress)
        except OSError as error:
            raise DownloadError(
                f"cache directory {directory}: {error.strerror or error}; "
                "set XDG_CACHE_HOME to a directory that can be written and has 50 MB free"
            ) from error
    return [directory / jar.file_name for jar in jars]


def _missing(jars: tuple[Jar, ...], directory: Path) -> list[Jar]:
    return [jar for jar in jars if not jar.is_at(directory / jar.file_name)]


@contextmanager
def _alone(directory: Path, progress: Progress) -> Iterator[None]:
    with (directory / ".lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"another process fetches Apache Kafka {KAFKA_VERSION}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_all(jars: list[Jar], directory: Path, progress: Progress) -> None:
    total = sum(jar.size for jar in jars)
    done = 0
    pool = ThreadPoolExecutor(_PARALLEL)
    try:
        # the largest first: the last to finish is then a small one
        ordered = sorted(jars, key=lambda jar: -jar.size)
        for jar in pool.map(lambda jar: _fetch(jar, directory), ordered):
            done += jar.size
            progress(f"fetching Apache Kafka {KAFKA_VERSION}, once: {done / 1e6:.0f} of {total / 1e6:.0f} MB")
    finally:
        pool.shutdown(cancel_futures=True)
        progress("")


def _fetch(jar: Jar, directory: Path) -> Jar:
    reason = ""
    for _ in range(_ATTEMPTS):
        # a fresh directory per attempt: jgo takes a file that is there for whole
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=directory) as fresh:
            try:
                path = _download(jar, Path(fresh))
            except (OSError, RuntimeError) as error:  # requests' errors are OSErrors, jgo's RuntimeErrors
                reason = str(error)
                continue
            if jar.is_at(path):
                path.replace(directory / jar.file_name)
                return jar
            reason = f"what arrived is not the file pinned in {PINS.name} (SHA-256 {jar.sha256})"
    raise DownloadError(
        f"Apache Kafka {KAFKA_VERSION}: {jar.coordinate} can't be fetched: {reason}. Behind a proxy set HTTPS_PROXY, "
        "with a certificate authority of your own REQUESTS_CA_BUNDLE; name a mirror of Maven Central in the section "
        f"[repositories] of ~/.config/jgo.conf; or copy {directory} from a machine that has it"
    )


def _download(jar: Jar, repository: Path) -> Path:
    from jgo.config import GlobalSettings  # noqa: PLC0415 - only the first start of all needs it: 70 ms
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - the same

    mirrors = GlobalSettings.load().repositories
    context = MavenContext(
        resolver=PythonResolver(), repo_cache=repository, remote_repos=mirrors or None, timeout=_TIMEOUT_S
    )
    group, artifact, version = jar.coordinate.split(":")
    return context.project(group, artifact).at_version(version).artifact().resolve()


def on_terminal(line: str) -> None:
    """Show one line of progress in place on standard error, if that is a terminal; an empty one clears it."""
    if os.isatty(2):
        os.write(2, f"\r\x1b[K{line}".encode())
