"""Serves `/metrics`: what `prometheus_client` writes, and behind it the families that stages measure."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client.exposition import choose_encoder

from ioc.config import Metrics as MetricsConfig
from ioc.errors import ConfigError
from ioc.metrics.worker import WorkerMetrics

_EOF = b"# EOF\n"
_OPENMETRICS = "application/openmetrics-text"
_GZIP_LEVEL = 1  # a tenth of the text in a fifth of the time of the default


def exposition(metrics: WorkerMetrics, accept: str) -> tuple[bytes, str]:
    """Return the text of all metrics and its content type: the classic format, or OpenMetrics if ``accept`` wants it.

    Examples
    --------
    >>> body, kind = exposition(WorkerMetrics(), "application/openmetrics-text; version=1.0.0")
    >>> body.endswith(b"# EOF"), kind.partition(";")[0]
    (False, 'application/openmetrics-text')
    >>> body.count(b"# EOF")
    1
    """
    encoder, content_type = choose_encoder(accept)
    openmetrics = content_type.startswith(_OPENMETRICS)
    written = encoder(metrics.registry)
    parts = [written.removesuffix(_EOF)]
    parts += [text.encode() for text in metrics.measured.text(openmetrics=openmetrics)]
    parts += [_EOF] if openmetrics else []
    return b"".join(parts), content_type


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _SixServer(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: a scrape every few seconds is no news."""


def serve(metrics: WorkerMetrics, config: MetricsConfig) -> tuple[WSGIServer, str]:
    """Serve `/metrics` in a thread and return the server (shut it down at the end) and its address.

    Raises
    ------
    ConfigError
        The port is taken or the host is none of this machine's.
    """

    def answer(environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            start("405 Method Not Allowed", [("Allow", "GET")])
            return []
        body, content_type = exposition(metrics, environ.get("HTTP_ACCEPT", ""))
        headers = [("Content-Type", content_type)]
        if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
            body = gzip.compress(body, _GZIP_LEVEL)
            headers.append(("Content-Encoding", "gzip"))
        start("200 OK", headers)
        return [body]

    kind = _SixServer if ":" in config.host else _Server
    try:
        server = make_server(config.host, config.port, answer, kind, _Handler)
    except OSError as error:
        where = f"{config.host}:{config.port}"
        raise ConfigError(
            f"metrics can't be served on {where}: {error.strerror}; set metrics.port (0 takes a free one)"
        ) from None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host, port = server.server_address[:2]
    shown = f"[{host!s}]" if ":" in str(host) else str(host)
    return server, f"http://{shown}:{port}/metrics"
