"""Settings of Kafka clients: what is refused before a password or a wrong belief leaves the machine."""

import logging
import socket
import ssl
from pathlib import Path

import msgspec
import pytest
from kafka.errors import KafkaTimeoutError

from ioc.config import Kafka, load
from ioc.errors import ConfigError, KafkaUnavailable
from ioc.kafka import client_settings, knock, reaching, ssl_context

SASL = Kafka(
    bootstrap="kafka-1:9093",
    security_protocol="SASL_SSL",
    sasl_mechanism="SCRAM-SHA-512",
    sasl_username="ioc",
    sasl_password="secret",  # noqa: S106 - no real one
)


def test_plain_settings_carry_no_secrets_and_no_tls() -> None:
    """The default is loopback in the clear."""
    settings = client_settings(Kafka(bootstrap="127.0.0.1:9092,localhost:9093"))
    assert settings["bootstrap_servers"] == ["127.0.0.1:9092", "localhost:9093"]
    assert set(settings) == {"bootstrap_servers", "bootstrap_timeout_ms", "security_protocol"}


def test_tls_verifies_chain_and_name_and_refuses_old_versions() -> None:
    """No setting turns this off."""
    context = ssl_context(SASL)
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_sasl_settings_are_those_of_kafka_python() -> None:
    """The names differ from ours."""
    settings = client_settings(SASL)
    assert settings["sasl_mechanism"] == "SCRAM-SHA-512"
    assert settings["sasl_plain_username"] == "ioc"
    assert settings["sasl_plain_password"] == "secret"  # noqa: S105 - no real one


@pytest.mark.parametrize(
    ("kafka", "message"),
    [
        (msgspec.structs.replace(SASL, security_protocol="SASL_PLAINTEXT"), "password to kafka-1 in clear"),
        (msgspec.structs.replace(SASL, sasl_mechanism=None), "sasl_mechanism is missing"),
        (msgspec.structs.replace(SASL, sasl_username=None), "sasl_username is missing"),
        (msgspec.structs.replace(SASL, sasl_password=""), "sasl_password is missing"),
        (msgspec.structs.replace(SASL, security_protocol="SSL"), "sasl_mechanism has no effect"),
        (Kafka(ssl_cafile="ca.pem"), "ssl_cafile has no effect"),
        (Kafka(security_protocol="SSL", ssl_keyfile="key.pem"), "without kafka.ssl_certfile"),
        (Kafka(security_protocol="SSL", ssl_cafile="/nowhere/ca.pem"), r"/nowhere/ca\.pem: No such file"),
        (Kafka(security_protocol="SSL", ssl_certfile="/nowhere/c.pem"), r"/nowhere/c\.pem.*No such file"),
        (Kafka(bootstrap="kafka-1"), "'kafka-1' is no host:port"),
        (Kafka(bootstrap="kafka-1:9092,"), "'' is no host:port"),
        (Kafka(bootstrap="kafka-1:99999"), "is no host:port"),
    ],
)
def test_contradictions_are_refused_by_name(kafka: Kafka, message: str) -> None:
    """Every message names the parameter."""
    with pytest.raises(ConfigError, match=message):
        client_settings(kafka)


def test_contradictions_are_refused_when_the_configuration_is_read() -> None:
    """By every command, with the same words, before any of them has a reason to connect."""
    told = {"IOC_KAFKA_BOOTSTRAP": "kafka-1:9093", "IOC_KAFKA_SASL_PASSWORD": "secret"}
    for protocol, message in (("SASL_PLAINTEXT", "password to kafka-1 in clear"), ("SSL", "has no effect")):
        with pytest.raises(ConfigError, match=message):
            load(None, {**told, "IOC_KAFKA_SECURITY_PROTOCOL": protocol})


def test_sasl_without_tls_is_allowed_on_loopback() -> None:
    """For tests, and for a proxy on the same machine."""
    local = msgspec.structs.replace(SASL, bootstrap="127.0.0.1:9092", security_protocol="SASL_PLAINTEXT")
    assert "ssl_context" not in client_settings(local)


def test_a_file_that_holds_no_certificate_is_refused(tmp_path: Path) -> None:
    """The file is there, but it is no PEM."""
    wrong = tmp_path / "ca.pem"
    wrong.write_text("no certificate", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"ca\.pem: .*a PEM file is needed"):
        client_settings(Kafka(security_protocol="SSL", ssl_cafile=str(wrong)))


def test_an_absent_broker_is_told_at_once_with_the_way_out() -> None:
    """Nobody listens on the port; kafka-python alone would try for 10 s and not say why."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
        with pytest.raises(KafkaUnavailable, match=f"{address}: Connection refused.*`ioc broker`") as caught:
            knock(Kafka(bootstrap=address))
    assert caught.value.exit_code == 4


def test_the_second_bootstrap_address_will_do() -> None:
    """One dead broker of several is no outage."""
    with socket.create_server(("127.0.0.1", 0)) as alive, socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{end.getsockname()[1]}" for end in (dead, alive)]
        knock(Kafka(bootstrap=",".join(addresses)))


def _give_up(logged: list[str]) -> None:
    """Do as kafka-python does when its time is up."""
    for line in logged:
        logging.getLogger("kafka.net.manager").warning(line)
    raise KafkaTimeoutError("Unable to bootstrap")


@pytest.mark.parametrize(
    ("logged", "told"),
    [
        (
            ["failed: Authentication failed: Invalid password (backoff 0.05 secs)"],
            "; Authentication failed: Invalid password)",
        ),
        (["failed: socket disconnected"], "hangs up at login: are user, password and mechanism right?"),
        (
            ["failed: socket disconnected", "failed: Authentication failed: X (backoff 1 secs)"],
            "; Authentication failed: X)",
        ),
        ([], "; KafkaTimeoutError: Unable to bootstrap)"),
    ],
    ids=["refused", "hung-up", "both", "neither"],
)
def test_why_a_login_failed_is_read_from_the_clients_log(logged: list[str], told: str) -> None:
    """The client itself only tells that its time is up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kafka = msgspec.structs.replace(
            SASL, bootstrap=f"127.0.0.1:{server.getsockname()[1]}", security_protocol="SASL_PLAINTEXT"
        )
        with pytest.raises(KafkaUnavailable) as failed, reaching(kafka):
            _give_up(logged)
    assert told in str(failed.value)


def test_other_errors_inside_are_left_alone() -> None:
    """A bug is no outage."""
    with socket.create_server(("127.0.0.1", 0)) as alive:
        kafka = Kafka(bootstrap=f"127.0.0.1:{alive.getsockname()[1]}")
        with pytest.raises(ZeroDivisionError), reaching(kafka):
            raise ZeroDivisionError


def _by_file(path: Path, **more: str) -> Kafka:
    environ = {
        "IOC_KAFKA_BOOTSTRAP": "kafka-1:9093",
        "IOC_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "IOC_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "IOC_KAFKA_SASL_USERNAME": "ioc",
        "IOC_KAFKA_SASL_PASSWORD_FILE": str(path),
        **more,
    }
    return load(None, environ).kafka


def test_the_password_can_come_from_a_file(tmp_path: Path) -> None:
    """As systemd, Kubernetes and Compose hand secrets over; the line's end is none of it, a space is."""
    path = tmp_path / "password"
    path.write_text("mật khẩu \n", encoding="utf-8")
    assert client_settings(_by_file(path))["sasl_plain_password"] == "mật khẩu "  # noqa: S105 - no real one


def test_a_password_file_that_will_not_do_is_refused_by_name(tmp_path: Path) -> None:
    """Missing, empty, no text, or beside a password in the open."""
    path = tmp_path / "password"
    with pytest.raises(ConfigError, match=r"sasl_password_file = .*password: No such file"):
        _by_file(path)
    path.write_bytes(b"\n")
    with pytest.raises(ConfigError, match="sasl_password is missing"):
        _by_file(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        _by_file(path)
    with pytest.raises(ConfigError, match="both set"):
        _by_file(path, IOC_KAFKA_SASL_PASSWORD="secret")  # noqa: S106 - no real one
