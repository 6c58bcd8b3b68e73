"""The cache of jars against a Maven repository of our own on loopback: whole, right and once, or a clear error."""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ioc.broker.jars import Jar, cache_directory, class_path, pinned
from ioc.errors import DownloadError

CONTENT = {"a": b"jar a " * 1000, "b": b"jar b " * 3000}


def jar(name: str) -> Jar:
    """Return the pin of one of the jars that the repository serves."""
    content = CONTENT[name]
    return Jar(f"org.example:{name}:1.0", len(content), hashlib.sha256(content).hexdigest())


JARS = (jar("a"), jar("b"))


class Repository:
    """A Maven repository that counts what is asked of it and can fail in chosen ways."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cut_short = 0
        self.content = dict(CONTENT)
        repository = self

        class Handler(BaseHTTPRequestHandler):
            """Serves the jars and nothing else, so no checksums either."""

            def do_GET(self) -> None:
                name = self.path.rsplit("/", 1)[-1]
                content = repository.content.get(name.removesuffix("-1.0.jar"))
                if content is None:
                    self.send_error(404)
                    return
                repository.asked.append(name)
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                cut = repository.cut_short > 0
                repository.cut_short -= cut
                self.wfile.write(content[:100] if cut else content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """Address to name as the mirror."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/maven2"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """Run the repository and name it in jgo's configuration file, as a user names a mirror."""
    served = Repository()
    served.thread.start()
    config = tmp_path / "jgo.conf"
    config.write_text(f"[repositories]\nmirror = {served.url}\n", encoding="utf-8")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(config))
    yield served
    served.server.shutdown()
    served.server.server_close()
    served.thread.join()


def test_the_pins_name_kafka_and_every_jar_once() -> None:
    """The data file is well-formed: 64 hexadecimal digits, a size, three parts, no jar twice."""
    jars = pinned()
    assert all(len(bytes.fromhex(jar.sha256)) == 32 and jar.size > 0 for jar in jars)
    assert len({jar.coordinate.rsplit(":", 1)[0] for jar in jars}) == len(jars) == 46


def test_the_cache_is_below_home_unless_xdg_says_otherwise() -> None:
    """The XDG base directory specification."""
    assert cache_directory({"HOME": "/home/an"}) == Path("/home/an/.cache/ioc/kafka-4.1.0")
    assert cache_directory({"HOME": "/home/an", "XDG_CACHE_HOME": "/c"}) == Path("/c/ioc/kafka-4.1.0")


def test_jars_are_fetched_once_and_progress_is_told(repository: Repository, tmp_path: Path) -> None:
    """The second start asks the network for nothing."""
    told: list[str] = []
    paths = class_path(tmp_path / "cache", told.append, JARS)
    assert [path.read_bytes() for path in paths] == [CONTENT["a"], CONTENT["b"]]
    assert told
    again = class_path(tmp_path / "cache", pytest.fail, JARS)
    assert again == paths
    assert sorted(repository.asked) == ["a-1.0.jar", "b-1.0.jar"]


def test_nothing_but_jars_is_left_in_the_cache(repository: Repository, tmp_path: Path) -> None:
    """Directories of attempts are gone."""
    class_path(tmp_path / "cache", lambda _: None, JARS)
    assert repository.asked
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {"a-1.0.jar", "b-1.0.jar", ".lock"}


@pytest.mark.parametrize("damage", [b"", b"jar a ", b"x" * len(CONTENT["a"])])
def test_a_damaged_jar_is_fetched_again(repository: Repository, tmp_path: Path, damage: bytes) -> None:
    """Truncated or changed in place, of the same length even: the hash is checked at every start."""
    first, _ = class_path(tmp_path / "cache", lambda _: None, JARS)
    first.write_bytes(damage)
    class_path(tmp_path / "cache", lambda _: None, JARS)
    assert first.read_bytes() == CONTENT["a"]
    assert repository.asked.count("b-1.0.jar") == 1


def test_a_download_that_breaks_off_is_tried_again(repository: Repository, tmp_path: Path) -> None:
    """Two broken answers, then whole ones."""
    repository.cut_short = 2
    paths = class_path(tmp_path / "cache", lambda _: None, JARS)
    assert [path.read_bytes() for path in paths] == [CONTENT["a"], CONTENT["b"]]


def test_a_jar_that_is_not_the_pinned_one_is_never_used(repository: Repository, tmp_path: Path) -> None:
    """A mirror with another file under the same name is an error that says so."""
    repository.content["a"] = CONTENT["a"].replace(b"a", b"A")
    with pytest.raises(DownloadError, match=r"org\.example:a:1\.0 .* is not the file pinned"):
        class_path(tmp_path / "cache", lambda _: None, JARS)
    assert not (tmp_path / "cache" / "a-1.0.jar").exists()


def test_a_missing_jar_names_the_ways_out(repository: Repository, tmp_path: Path) -> None:
    """Proxy, certificates, mirror, or a copy of the cache: the user picks."""
    del repository.content["b"]
    with pytest.raises(DownloadError, match=r"HTTPS_PROXY.*REQUESTS_CA_BUNDLE.*\[repositories\].*copy") as caught:
        class_path(tmp_path / "cache", lambda _: None, JARS)
    assert caught.value.exit_code == 6


def test_an_unreachable_network_is_a_download_error(tmp_path: Path, repository: Repository) -> None:
    """Nobody listens: connection refused, told as such."""
    repository.server.shutdown()
    repository.server.server_close()
    with pytest.raises(DownloadError, match="refused"):
        class_path(tmp_path / "cache", lambda _: None, JARS[:1])


def test_a_cache_that_cannot_be_written_names_xdg_cache_home(tmp_path: Path) -> None:
    """A file stands where the directory should."""
    (tmp_path / "cache").write_bytes(b"")
    with pytest.raises(DownloadError, match="XDG_CACHE_HOME"):
        class_path(tmp_path / "cache" / "kafka", lambda _: None, JARS)


def test_several_first_starts_at_once_fetch_each_jar_once(repository: Repository, tmp_path: Path) -> None:
    """The lock holds between open files, so threads stand in for processes."""
    with ThreadPoolExecutor(4) as pool:
        starts = [pool.submit(class_path, tmp_path / "cache", lambda _: None, JARS) for _ in range(4)]
        results = [start.result() for start in starts]
    assert all(path.read_bytes() in CONTENT.values() for paths in results for path in paths)
    assert sorted(repository.asked) == ["a-1.0.jar", "b-1.0.jar"]
