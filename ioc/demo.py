"""The demo: real Kafka, a real worker and a simulated province, from nothing, with a summary that can fail."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from ioc.broker import EmbeddedKafka, free_ports, guard
from ioc.config import Kafka
from ioc.envelope import Outline
from ioc.errors import CheckFailed
from ioc.following import IncidentFollower
from ioc.replay import ReplayOptions, ReplaySummary, replay_to_kafka
from ioc.scoring import Verdict, score
from ioc.simulate import Simulation, SimulationSettings, Truth
from ioc.topics import apply_topics
from ioc.units import load_places
from streams.incidents import Incident
from streams.punctuation import Edge
from streams.topics import ANOMALIES

_READY_S = 60.0
_DONE_S = 300.0
_STOP_S = 60.0


class DemoOptions(Struct, frozen=True):
    """What the demo plays: the simulation and the partitions of each source topic."""

    simulation: SimulationSettings
    partitions: int = 4


class Standing(Struct, frozen=True):
    """What `/metrics` says: records of all source topics by outcome, and how far stage 2 has come (ms, 0: not yet)."""

    outcomes: Mapping[str, int]
    folded_ms: int

    @property
    def records(self) -> int:
        """Number of records that are accounted for."""
        return sum(self.outcomes.values())


class Interlude(Struct, frozen=True):
    """What was sent behind the simulation: the replay, what it spans, and what is true of it."""

    replayed: ReplaySummary
    outline: Outline
    truths: tuple[Truth, ...]


class DemoResult(Struct, frozen=True):
    """What the demo showed; the first ``timed`` of the records ``sent`` went as fast as they could, in ``seconds``."""

    replays: list[ReplaySummary]
    sent: int
    timed: int
    seconds: float
    standing: Standing
    verdicts: list[Verdict]
    unexplained: list[Incident]


class Demo:
    """The running parts of a demo; a context manager that starts them in order and ends them again.

    Parameters
    ----------
    options
        What to play.
    say
        Told each step as one line.
    tell
        Told each revision of an incident, from another thread.
    """

    def __init__(self, options: DemoOptions, say: Callable[[str], None], tell: Callable[[Incident], None]) -> None:
        self._options = options
        self._say = say
        self._tell = tell
        self._parts = contextlib.ExitStack()
        self.simulation = Simulation(options.simulation, load_places())

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as parts:
            self._say("starting Apache Kafka (the first time it is fetched: 44 MB)")
            broker = parts.enter_context(EmbeddedKafka(progress=self._say))
            self.kafka = Kafka(bootstrap=broker.bootstrap, partitions=self._options.partitions)
            apply_topics(self.kafka, retention="keep")
            (port,) = free_ports(1)
            self.metrics_address = f"http://127.0.0.1:{port}/metrics"
            self._log = Path(parts.enter_context(TemporaryDirectory(prefix="ioc-demo-"))) / "worker.log"
            self._say(f"starting a worker on {broker.bootstrap}, metrics at {self.metrics_address}")
            self._worker = parts.enter_context(_worker(broker.bootstrap, port, self._log))
            self._follower = parts.enter_context(IncidentFollower(self.kafka, self._tell))
            self._parts = parts.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()

    def play(self, interlude: Callable[[], Interlude] | None = None) -> DemoResult:
        """Replay the simulation as fast as it goes, wait until all is folded, and score what was found.

        Parameters
        ----------
        interlude
            Called when all of the simulation was taken, to send more before the end is told.

        Raises
        ------
        CheckFailed
            The worker ended, didn't finish in time, or its accounting doesn't add up.
        """
        self._wait(lambda standing: standing is not None, _READY_S, "the worker doesn't serve /metrics")
        started = time.monotonic()
        outline, truths = self.simulation.outline(), self.simulation.truths
        edges: tuple[Edge, ...] = ("start", "end") if interlude is None else ("start",)
        replays = [replay_to_kafka(self.kafka, self.simulation.chunks(), outline, ReplayOptions(edges=edges))]
        timed = sent = replays[0].records + replays[0].marks
        if interlude is None:
            self._wait_until_folded(sent, outline.last_ms)
            seconds = time.monotonic() - started
        else:
            self._wait_until_folded(sent, 0)
            seconds = time.monotonic() - started
            more = interlude()
            replays += [more.replayed, replay_to_kafka(self.kafka, (), more.outline, ReplayOptions(edges=("end",)))]
            truths += more.truths
            sent += sum(replayed.records + replayed.marks for replayed in replays[1:])
            self._wait_until_folded(sent, more.outline.last_ms)
        self._wait(lambda _: self._follower.caught_up(), _READY_S, "the incidents topic can't be read to its end")
        standing = self.standing()
        if standing is None or standing.records != sent:
            raise CheckFailed(f"accounting: {sent} records sent, {standing.records if standing else 0} accounted for")
        verdicts, unexplained = score(truths, self._follower.latest.values())
        return DemoResult(replays, sent, timed, seconds, standing, verdicts, unexplained)

    def standing(self) -> Standing | None:
        """Return what `/metrics` says now, None if it doesn't answer."""
        try:
            with urllib.request.urlopen(self.metrics_address, timeout=5) as answer:  # noqa: S310 - our own loopback address
                text = answer.read().decode()
        except OSError:
            return None
        return read_standing(text)

    def _wait_until_folded(self, sent: int, until_ms: int) -> None:
        self._wait(
            lambda standing: standing is not None and standing.records >= sent and standing.folded_ms >= until_ms,
            _DONE_S,
            f"not all of the {sent} records were folded",
        )

    def _wait(self, done: Callable[[Standing | None], bool], timeout_s: float, complaint: str) -> None:
        deadline = time.monotonic() + timeout_s
        while not done(self.standing()):
            if self._worker.poll() is not None:
                raise CheckFailed(
                    f"the worker ended with code {self._worker.returncode}; its log ends:\n{self._tail()}"
                )
            if time.monotonic() > deadline:
                raise CheckFailed(f"{complaint} within {timeout_s:.0f} s; the worker's log ends:\n{self._tail()}")
            time.sleep(0.2)

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def read_standing(text: str) -> Standing:
    """Return the accounting in a scrape."""
    outcomes: dict[str, int] = {}
    folded_s = 0.0
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "ioc_events_total":
                outcome = sample.labels["outcome"]
                outcomes[outcome] = outcomes.get(outcome, 0) + int(sample.value)
            elif sample.name == "ioc_watermark_timestamp_seconds" and sample.labels["topic"] == ANOMALIES:
                folded_s = sample.value
    return Standing(outcomes, int(folded_s * 1000))


@contextlib.contextmanager
def _worker(bootstrap: str, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("IOC_")}
    environ |= {
        "IOC_KAFKA_BOOTSTRAP": bootstrap,
        "IOC_METRICS_PORT": str(port),
        "IOC_WORKER_IDLE_AFTER_S": "1",
    }
    guarding = [sys.executable, "-I", "-S", guard.__file__, str(_STOP_S), ""]
    with log.open("wb") as output:
        # the guard ends the worker also when we are killed
        guarded = subprocess.Popen(  # noqa: S603 - our own interpreter, our own file
            [*guarding, sys.executable, "-m", "ioc", "worker"],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us; we then stop it in good order
        )
        try:
            yield guarded
        finally:
            with contextlib.suppress(BrokenPipeError):
                guarded.communicate(guard.FAREWELL)
