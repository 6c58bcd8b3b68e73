"""How kafka-python reaches the cluster: TLS and SASL settings, and errors that name a way out."""

import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NotRequired, TypedDict

from kafka.errors import BrokerResponseError, KafkaError

from ioc.config import Kafka, addresses, refuse
from ioc.errors import ConfigError, KafkaUnavailable

_KNOCK_TIMEOUT_S = 5.0
_BOOTSTRAP_TIMEOUT_MS = 10_000


class ClientSettings(TypedDict):
    """Keyword arguments that every client of kafka-python takes."""

    bootstrap_servers: list[str]
    bootstrap_timeout_ms: int
    security_protocol: str
    ssl_context: NotRequired[ssl.SSLContext]
    sasl_mechanism: NotRequired[str]
    sasl_plain_username: NotRequired[str]
    sasl_plain_password: NotRequired[str]


def client_settings(kafka: Kafka) -> ClientSettings:
    """Return the keyword arguments for a consumer, producer or admin client of kafka-python.

    Raises
    ------
    ConfigError
        The settings contradict each other, would send a password in clear, or name a file that can't be used.

    Examples
    --------
    >>> client_settings(Kafka(bootstrap="127.0.0.1:9092"))["security_protocol"]
    'PLAINTEXT'
    """
    refuse(kafka)
    settings = ClientSettings(
        bootstrap_servers=kafka.bootstrap.split(","),
        bootstrap_timeout_ms=_BOOTSTRAP_TIMEOUT_MS,
        security_protocol=kafka.security_protocol,
    )
    context = ssl_context(kafka)
    if context is not None:
        settings["ssl_context"] = context
    if kafka.sasl_mechanism and kafka.sasl_username and kafka.sasl_password:
        settings["sasl_mechanism"] = kafka.sasl_mechanism
        settings["sasl_plain_username"] = kafka.sasl_username
        settings["sasl_plain_password"] = kafka.sasl_password
    return settings


def ssl_context(kafka: Kafka) -> ssl.SSLContext | None:
    """Return the TLS context, or None without TLS: TLS 1.2 at least, chain and host name always verified.

    Raises
    ------
    ConfigError
        A file can't be read or holds no certificate or key.
    """
    if not kafka.uses_tls:
        return None
    try:
        context = ssl.create_default_context(cafile=kafka.ssl_cafile)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(f"kafka.ssl_cafile = {kafka.ssl_cafile}: {_reason(error)}; a PEM file is needed") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if kafka.ssl_certfile is not None:
        try:
            # an encrypted key would stop a worker at a prompt: refuse it with an empty password instead
            context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile, password="")
        except OSError as error:
            raise ConfigError(
                f"kafka.ssl_certfile = {kafka.ssl_certfile}, kafka.ssl_keyfile = {kafka.ssl_keyfile}: "
                f"{_reason(error)}; PEM files are needed, the key unencrypted and of that certificate"
            ) from None
    return context


def knock(kafka: Kafka) -> None:
    """Connect to one bootstrap address, TLS handshake included, and hang up.

    kafka-python tells a wrong certificate, a wrong port and a wrong name apart only in its log, and after its whole
    timeout; this takes milliseconds.

    Raises
    ------
    KafkaUnavailable
        No address answers; the message says why the last one did not.
    """
    context = ssl_context(kafka)
    reason = ""
    for host, port in addresses(kafka):
        try:
            with socket.create_connection((host, port), _KNOCK_TIMEOUT_S) as connection:
                if context is not None:
                    context.wrap_socket(connection, server_hostname=host).close()
                return
        except OSError as error:
            reason = f"{host}:{port}: {_reason(error)}"
    raise _unavailable(kafka, reason)


@contextmanager
def reaching(kafka: Kafka) -> Iterator[None]:
    """Turn what kafka-python raises inside into KafkaUnavailable with a way out; knocks first.

    Raises
    ------
    KafkaUnavailable
        No broker answers, or it refuses what we ask.
    """
    refuse(kafka)
    knock(kafka)
    hints = _Hints()
    logger = logging.getLogger("kafka")
    logger.addHandler(hints)
    try:
        yield
    except BrokerResponseError as error:
        raise KafkaUnavailable(f"kafka.bootstrap = {kafka.bootstrap} refuses: {error}") from error
    except (KafkaError, OSError) as error:
        raise _unavailable(kafka, hints.login or (kafka.sasl_mechanism and hints.cut) or str(error)) from error
    finally:
        logger.removeHandler(hints)


class _Hints(logging.Handler):
    """Remembers why a login failed: kafka-python tries again until its timeout, and only its log says why.

    About every second time it sees that the broker hung up before it reads why: that is a hint too, where there is a
    login, for the door was open a moment before.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.login = ""
        self.cut = ""

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        _, failed, reason = said.partition("Authentication failed")
        if failed:
            self.login = failed + reason.partition(" (backoff")[0].rstrip(")")
        elif "socket disconnected" in said:
            self.cut = "the broker hangs up at login: are user, password and mechanism right?"


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    return error.strerror or str(error)


def _unavailable(kafka: Kafka, reason: str) -> KafkaUnavailable:
    return KafkaUnavailable(
        f"no broker answers at kafka.bootstrap = {kafka.bootstrap} ({kafka.security_protocol}; {reason}); "
        "start one with `ioc broker`, or name yours: --config, section [kafka], or IOC_KAFKA_BOOTSTRAP=host:port"
    )
