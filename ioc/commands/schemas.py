"""`ioc schemas`: write or check the JSON Schemas and the AsyncAPI document of the event types."""

from pathlib import Path

import click

from ioc.errors import CheckFailed
from ioc.generated import differing, write
from ioc.schemas import texts


@click.command("schemas")
@click.option("--check", is_flag=True, help="Write nothing; fail when a document differs from the event types.")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path("deploy"))
def command(directory: Path, check: bool) -> None:
    """Write schemas/TYPE.json and asyncapi.json into DIRECTORY (default: deploy), made from the event types.

    \b
    Examples:
      ioc schemas                    after changing an event type
      ioc schemas --check deploy     in continuous integration
    """
    if not check:
        for path in write(directory, texts()):
            click.echo(directory / path)
        return
    stale = differing(directory, texts())
    if stale:
        names = ", ".join(str(directory / path) for path in stale)
        raise CheckFailed(f"differs from the event types: {names}; run `ioc schemas {directory}`")
