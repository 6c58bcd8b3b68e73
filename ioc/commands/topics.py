"""`ioc topics`: show the declared topics, what differs on the cluster, and make it so."""

import os
from pathlib import Path
from typing import cast

import click

from ioc.config import Kafka, load
from ioc.errors import CheckFailed
from ioc.topics import Change, Present, Retention, administering, apply_topics, plan_topics, read_present
from streams.topics import Topic, declared

_DAY_MS = 24 * 3600 * 1000


@click.command("topics")
@click.argument("action", type=click.Choice(["list", "plan", "apply"]), default="list")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="TOML file with the section [kafka].")
@click.option("--partitions", type=click.IntRange(1, 10_000), help="Of each source topic  [default: kafka.partitions]")
@click.option(
    "--retention",
    type=click.Choice(["declared", "keep"]),
    default="declared",
    show_default=True,
    help="`keep` deletes nothing by age: for replays of old recordings.",
)
@click.option("--exit-code", is_flag=True, help="plan: exit with 7 when something differs.")
def command(action: str, config: Path | None, partitions: int | None, retention: str, exit_code: bool) -> None:
    """List the declared topics, plan what to change on the cluster, or apply it.

    Topics are created and grown, settings are set; nothing is ever shrunk, moved or deleted.

    \b
    Examples:
      ioc topics                              each declared topic as the cluster has it
      ioc topics plan --config ioc.toml       what apply would change
      ioc topics apply --partitions 8
    """
    kafka = load(config, os.environ).kafka
    kept = cast("Retention", retention)
    if action == "list":
        _list(kafka, partitions)
        return
    changes = plan_topics(kafka, partitions, kept) if action == "plan" else apply_topics(kafka, partitions, kept)
    _show(changes, action)
    if exit_code and action == "plan" and changes:
        raise CheckFailed(f"{len(changes)} differences between the declared topics and {kafka.bootstrap}")


def _show(changes: tuple[Change, ...], action: str) -> None:
    for change in changes:
        click.echo(str(change))
    left = sum(change.action == "leave" for change in changes)
    verb = "to change" if action == "plan" else "changed"
    click.echo(f"{len(changes) - left} {verb}, {left} left as they are" if changes else "nothing differs")


def _list(kafka: Kafka, partitions: int | None) -> None:
    topics = declared(partitions or kafka.partitions)
    with administering(kafka) as admin:
        present = {topic.name: topic for topic in read_present(admin, topics)}
    rows = [("TOPIC", "PARTITIONS", "REPLICATION", "KEPT", "KEY")]
    rows += [_row(topic, present.get(topic.name)) for topic in topics]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(topic: Topic, present: Present | None) -> tuple[str, str, str, str, str]:
    if present is None:
        return topic.name, "missing", "-", "-", topic.key
    settings = dict(present.settings)
    return topic.name, str(present.partitions), str(present.replication), _kept(settings), topic.key


def _kept(settings: dict[str, str]) -> str:
    """Return how long records stay, for people.

    Examples
    --------
    >>> _kept({"cleanup.policy": "delete", "retention.ms": "604800000"})
    '7 days'
    """
    if settings["cleanup.policy"] == "compact":
        return "last per key"
    kept_ms = int(settings["retention.ms"])
    return "for ever" if kept_ms < 0 else f"{kept_ms / _DAY_MS:g} days"
