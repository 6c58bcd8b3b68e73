"""`ioc demo`: the whole way on one machine, from one command."""

import contextlib
import re
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

import click
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from ioc.demo import Demo, DemoOptions, DemoResult
from ioc.errors import CheckFailed
from ioc.paged_demo import LASTING_MS, WITHIN_S, Injection, Paged, check_installed, watching
from ioc.simulate import SimulationSettings, power_cut
from streams.incidents import Incident, Severity, Status

_COLOUR = {
    Severity.CRITICAL: "bold white on red",
    Severity.MAJOR: "bold red",
    Severity.MINOR: "yellow",
    Severity.WARNING: "cyan",
}
_PIPE_WIDTH = 140
_FONT_FACE = re.compile(r"@font-face \{\{.*?\}\}", re.DOTALL)  # a picture must not fetch anything
_MARK = {Status.OPEN: "●", Status.CLEARED: "○", Status.SUPPRESSED: "·"}
_SAID = {Status.OPEN: "mở/open", Status.CLEARED: "hết/cleared", Status.SUPPRESSED: "gộp/absorbed"}
_OUTCOME_COLOUR = {"found": "green", "rightly silent": "green", "missed": "red", "falsely raised": "red"}


class _Screen:
    """Prints incidents as they open, get worse, clear or are absorbed; other revisions say nothing new."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: dict[str, tuple[Status, Severity]] = {}
        self._lock = threading.Lock()
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        """Print one step."""
        with self._lock:
            self._console.print(f"[dim]{time.monotonic() - self._started:6.1f} s[/]  {escape(text)}")

    def tell(self, incident: Incident) -> None:
        """Print a revision if it is news."""
        state = (incident.status, incident.severity)
        if self._shown.get(incident.id) == state:
            return
        self._shown[incident.id] = state
        when = (incident.end or incident.updated) if incident.status is Status.CLEARED else incident.updated
        with self._lock:
            self._console.print(
                f"[{_COLOUR[incident.severity]}]{_MARK[incident.status]} {when[:16]} {incident.severity.value:8}[/]"
                f" {_SAID[incident.status]:12} [bold]{incident.rule}[/]",
                highlight=False,
            )
            if incident.status is Status.OPEN:
                self._console.print(f"    {escape(incident.explanation.vi)}", highlight=False)
                self._console.print(f"    [dim]{escape(incident.explanation.en)}[/]", highlight=False)


@click.command("demo")
@click.option("--keep", is_flag=True, help="Go on serving Kafka and /metrics after the summary, until Ctrl-C.")
@click.option("--days", type=click.IntRange(1, 400), default=15, show_default=True, help="Days; incidents on the last.")
@click.option("--cameras", type=click.IntRange(1), default=40, show_default=True, help="Cameras of the province.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Another seed, another province.")
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="Save what was printed as an SVG.")
@click.option("--partitions", type=click.IntRange(1, 64), default=4, show_default=True, help="Of each source topic.")
@click.option("--observability", is_flag=True, help="Watch it with Prometheus and Alertmanager; cut a power, be paged.")
def command(
    *, keep: bool, days: int, cameras: int, seed: int, partitions: int, picture: Path | None, observability: bool
) -> None:
    """Show the processor at work: Apache Kafka, a worker and a simulated province, all on this machine.

    Two weeks of history and a day full of incidents flow through Kafka as fast as the worker takes them. Incidents are
    printed as they open and clear, in Vietnamese and English; at the end comes the accounting, and what was found of
    what really happened. Needs no Java; fetches Apache Kafka (44 MB) the first time.

    \b
    Examples:
      ioc demo
      ioc demo --keep                   go on serving; try `ioc topics` or Grafana on it
      ioc demo --cameras 200 --seed 7   a larger province, another one
      ioc demo --observability          ends with the page of a power cut; in a checkout: make demo ARGS=--observability

    Exit codes: 0 all records accounted for, 3 too few cameras, 4 Kafka, 6 download, 7 the accounting failed, a program
    is not installed or no page came in two minutes, 130 Ctrl-C, 143 SIGTERM.
    """
    signal.signal(signal.SIGTERM, _end)
    console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, record=picture is not None)
    screen = _Screen(console)
    if observability:
        check_installed()
    demo = Demo(
        DemoOptions(SimulationSettings(seed=seed, days=days, cameras=cameras), partitions), screen.say, screen.tell
    )
    cut = power_cut(demo.simulation, LASTING_MS) if observability else None
    with contextlib.ExitStack() as parts:
        parts.enter_context(demo)
        addresses = {"Kafka": demo.kafka.bootstrap, "metrics": demo.metrics_address}
        injection = None
        if cut is not None:
            watch = parts.enter_context(watching(demo.metrics_address, screen.say))
            addresses |= {"Prometheus": watch.prometheus.url, "Alertmanager": watch.alertmanager.url}
            injection = Injection(demo, cut, watch, screen.say)
        screen.say(f"replaying {days} simulated days of {cameras} cameras, 4 streams, {partitions} partitions each")
        result = demo.play(injection)
        _summarise(console, result)
        if injection is not None and injection.paged is not None:
            _show(console, injection.paged)
        if picture is not None:
            console.save_svg(
                str(picture), title="make demo", code_format=_FONT_FACE.sub("", CONSOLE_SVG_FORMAT), clear=False
            )
        if keep:
            told = "\n".join(f"{name:12} {address}" for name, address in addresses.items())
            console.print(f"\n{told}\nCtrl-C stops them.", highlight=False)
            _until_interrupted()
    for replayed in result.replays:
        if replayed.refused:
            raise CheckFailed(f"{replayed.refused} records refused by Kafka: {replayed.first_refusal}")
    sys.exit(0)


def _end(number: int, frame: FrameType | None) -> None:
    """End in good order, as after Ctrl-C: all that was started ends before us."""
    del frame
    sys.exit(128 + number)


def _show(console: Console, paged: Paged) -> None:
    """Print the page as who is on duty gets it."""
    labels, notes = paged.page.labels, paged.page.annotations
    lines = [
        f"[bold]{escape(notes['summary'])}[/]",
        escape(notes["description"]),
        f"[dim]{escape(notes['summary_en'])}[/]",
        f"[dim]{escape(notes['description_en'])}[/]",
        "",
        f"mức độ · severity {labels['severity']}   nhóm · team {labels['team']}   đơn vị · unit {labels['unit']}",
        f"cẩm nang · runbook    {escape(notes['runbook_url'])}",
        f"bảng · dashboard      {escape(notes['dashboard_url'])}",
    ]
    console.print()
    console.print(
        Panel(
            "\n".join(lines), title=f"Cảnh báo · page: {labels['alertname']}", title_align="left", border_style="red"
        ),
        highlight=False,
    )
    console.print(
        f"received at {paged.page.path} {paged.seconds:.1f} s behind the injection (at most {WITHIN_S:.0f} s)",
        highlight=False,
    )
    if paged.others:
        told = ", ".join(f"{name} {count}" for name, count in sorted(paged.others.items()))
        console.print(f"pages of the simulated day besides: {told}", highlight=False)


def _summarise(console: Console, result: DemoResult) -> None:
    outcomes = result.standing.outcomes
    table = Table(title="Sự thật và phát hiện · truth and what was found", title_justify="left")
    for heading in ("what really happened", "unit", "from", "expected", "outcome", "told by"):
        table.add_column(heading)
    for verdict in result.verdicts:
        truth, incident = verdict.truth, verdict.incident
        table.add_row(
            truth.kind,
            truth.unit_code or "province",
            truth.start[11:16],
            truth.expected or "no surge",
            f"[{_OUTCOME_COLOUR[verdict.outcome]}]{verdict.outcome}[/]",
            f"{incident.rule} {incident.start[11:16]}" if incident else "",
        )
    console.print()
    console.print(table)
    for incident in result.unexplained:
        console.print(
            f"not in the truth: {incident.rule} {incident.start} {escape(incident.explanation.en)}", style="red"
        )
    found = sum(verdict.outcome in {"found", "rightly silent"} for verdict in result.verdicts)
    rate = result.timed / result.seconds
    parts = " + ".join(
        f"{outcomes.get(name, 0):,} {name.replace('_', '-')}"
        for name in ("accepted", "duplicate", "late", "dead_lettered")
    )
    console.print(f"\n{result.sent:,} records = {parts}", highlight=False)
    console.print(
        f"{rate:,.0f} events/s end to end ({result.seconds:.1f} s, simulating and producing on the same machine)",
        highlight=False,
    )
    console.print(
        f"{found} of {len(result.verdicts)} truths told rightly, {len(result.unexplained)} incidents beyond the truth",
        highlight=False,
    )


def _until_interrupted() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return
