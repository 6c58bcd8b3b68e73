"""The rights that the administrator's guide asks for are enough, by Kafka's own authorizer; others' are refused."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType

from ioc.broker import EmbeddedKafka, free_ports
from ioc.config import Kafka
from ioc.recording import RecordingWriter
from ioc.topics import administering
from streams.topics import SOURCES
from tests.integration.worker_process import ROOT, Worker, run_ioc
from tests.miniature import chunk, province

USERS = ("workers", "sender", "room", "figures", "topics")
RECORDS = 2000


def granted() -> Iterator[tuple[str, ACLOperation, str]]:
    """Yield user, operation and topic of every right in the guide's table."""
    text = (ROOT / "docs" / "administration.md").read_text(encoding="utf-8")
    for user, *cells in re.findall(r"^\| `(\w+)`.*? \|(.*?)\|(.*?)\|(.*?)\|$", text, re.MULTILINE):
        for operation, cell in zip((ACLOperation.READ, ACLOperation.WRITE), cells, strict=False):
            topics = re.findall(r"`(ioc\.[a-z-]+)`", cell) + (list(SOURCES) if "the sources" in cell else [])
            for topic in topics:
                yield user, operation, topic


def _acl(user: str, operation: ACLOperation, pattern: ResourcePattern) -> ACL:
    return ACL(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, pattern)


def _rights() -> list[ACL]:
    topic, group = ResourceType.TOPIC, ResourceType.GROUP
    ours = ResourcePattern(topic, "ioc.", ACLResourcePatternType.PREFIXED)
    shaping = ("CREATE", "DESCRIBE", "ALTER", "DESCRIBE_CONFIGS", "ALTER_CONFIGS")
    return [
        *(_acl(user, operation, ResourcePattern(topic, name)) for user, operation, name in granted()),
        _acl("workers", ACLOperation.READ, ResourcePattern(group, "ioc")),
        *(_acl("topics", ACLOperation[name], ours) for name in shaping),
    ]


@pytest.fixture(scope="module")
def environments() -> Iterator[dict[str, dict[str, str]]]:
    """Start a broker that authorizes, with a login for each user; return the environment of each."""
    (port,) = free_ports(1)
    users = " ".join(f'user_{user}="{user}"' for user in USERS)
    extra = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",  # whoever comes by the listener without a login: this test
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_plaintext.plain.sasl.jaas.config": (
            f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};"
        ),
    }
    with EmbeddedKafka(listeners={"SASL_PLAINTEXT": port}, extra=extra) as broker:
        with administering(Kafka(bootstrap=broker.bootstrap)) as admin:
            admin.create_acls(_rights())
        yield {
            user: {
                "IOC_KAFKA_BOOTSTRAP": f"127.0.0.1:{port}",
                "IOC_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
                "IOC_KAFKA_SASL_MECHANISM": "PLAIN",
                "IOC_KAFKA_SASL_USERNAME": user,
                "IOC_KAFKA_SASL_PASSWORD": user,
            }
            for user in USERS
        }


def test_everybody_can_do_what_is_theirs_and_nothing_else(
    environments: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    """Topics are made, events sent, folded and snapshotted, figures imported, incidents read; the rest is refused."""
    recording = tmp_path / "province.ndjson"
    with RecordingWriter(recording) as writer:
        writer.write(chunk(province()[:RECORDS]))
    figures = tmp_path / "figures.csv"
    figures.write_text("tenant,kpi,value,as_of\n11,dti_rank,24,2024-12-31\n", encoding="utf-8")

    def run(user: str, *arguments: str) -> int:
        return run_ioc(*arguments, environment=environments[user]).returncode

    assert run("sender", "topics", "apply") != 0
    assert run("topics", "topics", "apply", "--retention", "keep") == 0
    assert run("topics", "topics", "plan", "--retention", "keep", "--exit-code") == 0
    assert run("room", "replay", str(recording)) != 0
    assert run("sender", "replay", str(recording)) == 0
    assert run("figures", "kpi", "import", str(figures)) == 0
    assert run("room", "kpi", "import", str(figures)) != 0
    quick = {"IOC_WORKER_SNAPSHOT_INTERVAL_S": "0.5", "IOC_METRICS_PORT": "0"}
    worker = Worker("ioc", {**environments["workers"], **quick}, tmp_path / "worker.log")
    try:
        worker.wait_for_records(RECORDS)
        worker.wait(lambda: worker.lag() == 0, "end of the lag", worker.lag)
        worker.wait(lambda: worker.value("ioc_snapshot_timestamp_seconds") > 0, "snapshot", worker.scrape)
        assert worker.stop() == 0
    finally:
        worker.kill()
    assert run("room", "incidents") == 0
    assert run("sender", "incidents") != 0
