"""`ioc incidents` on a real topic: the last revision of each counts, and what is open is told with its explanation."""

import subprocess
import sys
from pathlib import Path

import msgspec
from kafka import KafkaProducer
from msgspec.structs import replace

from ioc.config import Kafka
from ioc.kafka import client_settings
from streams.incidents import Status
from streams.topics import INCIDENTS
from tests.integration.worker_process import ROOT, Site
from tests.unit.test_told import OLDER, OUTAGE


def test_what_is_open_is_listed_and_one_is_shown_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    """Empty, with an incident that was open and is over, with another that is open."""
    with Site(tmp_path, partitions=1) as site:

        def asked(*arguments: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "ioc", "incidents", *arguments],
                env={**site.environment, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )

        assert asked().stdout == "0 đang mở · open\n"
        producer = KafkaProducer(**client_settings(Kafka(bootstrap=site.broker.bootstrap)))
        for told in (OUTAGE, OLDER, replace(OLDER, status=Status.CLEARED, revision=3)):
            producer.send(INCIDENTS, key=told.id.encode(), value=msgspec.json.encode(told))
        producer.flush()
        producer.close()
        listed = asked()
        assert listed.returncode == 0, listed.stderr
        assert OUTAGE.explanation.vi in listed.stdout
        assert listed.stdout.endswith("1 đang mở · open\n")
        assert "1 đang mở · open, 2 tất cả · in all" in asked("--all").stdout
        assert "usually 300" in asked("9a").stdout
        unknown = asked("nothing")
        assert (unknown.returncode, unknown.stdout) == (5, "")
