"""The console script `ioc`: finds the command, turns errors into one line and an exit code."""

import importlib
import sys
from pathlib import Path

import click

from ioc import __version__
from ioc.errors import IocError

_COMMANDS = Path(__file__).parent / "commands"


class _LazyGroup(click.Group):
    """Imports a command's module only when that command is asked for, so that `ioc --help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        names = (path.stem for path in _COMMANDS.glob("*.py") if not path.stem.startswith("_"))
        return sorted(name.replace("_", "-") for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"ioc.commands.{cmd_name.replace('-', '_')}")
        command = module.command
        if not isinstance(command, click.Command):
            raise TypeError(f"ioc.commands.{cmd_name}.command is no click command")
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="ioc")
def cli() -> None:
    """Stream processor of a provincial intelligent operations centre (IOC).

    \b
    Examples:
      ioc demo                          real Kafka, a worker and a simulated day, incidents on screen
      ioc detect recording.ndjson.gz    the same fold on a file, without Kafka
      ioc worker --config ioc.toml      consume, detect, fold, serve /metrics
      ioc incidents --config ioc.toml   what is open now, and why

    Exit codes: 0 done, 1 bug, 2 usage, 3 configuration, 4 Kafka, 5 input, 6 download, 7 check, 8 stalled, 130 Ctrl-C.
    """


def main() -> None:
    """Run the command line and exit."""
    try:
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except IocError as error:
        click.echo(f"ioc: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
