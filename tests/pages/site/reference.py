"""The site's reference, made from the code when the site is built: every setting, command and event."""

from collections.abc import Iterator

import click
from click.testing import CliRunner
from msgspec.structs import fields

from ioc.__main__ import cli
from ioc.config import Config
from ioc.settings_page import Setting, settings
from tests.pages.site.event_reference import events

_WIDTH = 100


def configuration() -> str:
    """Return the page of all settings, a table per section."""
    known = list(settings(Config()))
    parts = [
        "# Configuration\n",
        "`ioc.toml` holds what is to differ from these defaults; an environment variable goes before the file.",
        "`ioc check --settings --config ioc.toml` prints the list as it then is; a wrong value is refused by name.\n",
    ]
    for field in fields(Config()):
        section = getattr(Config(), field.name)
        parts.append(f"## [{field.name}]\n\n{_paragraph(type(section).__doc__)}\n")
        parts += ["| setting | default | environment |", "|---|---|---|"]
        parts += [_row(each) for each in known if each.name.startswith(f"{field.name}.")]
        parts.append("")
    return "\n".join(parts)


def _paragraph(docstring: str | None) -> str:
    return " ".join((docstring or "").split("\n\n    Parameters")[0].split())


def _row(each: Setting) -> str:
    shown = each.value.replace("|", "\\|")
    return f"| `{each.name}` | `{shown}` | {f'`{each.variable}`' if each.variable else ''} |"


def commands() -> str:
    """Return the page of all commands: what `--help` says of each."""
    parts = ["# Commands\n", "What `ioc COMMAND --help` says.\n"]
    for words, _ in _all(cli, ()):
        shown = CliRunner().invoke(cli, [*words, "--help"], prog_name="ioc", terminal_width=_WIDTH)
        parts += [f"## ioc {' '.join(words)}".rstrip() + "\n", "```text", shown.output.rstrip(), "```", ""]
    return "\n".join(parts)


def _all(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _all(below, (*words, name))


def pages() -> dict[str, str]:
    """Return every page by its place below docs/."""
    return {
        "reference/configuration.md": configuration(),
        "reference/commands.md": commands(),
        "reference/events.md": events(),
    }
