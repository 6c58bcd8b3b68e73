"""`python -m deploy.sources`: write everything generated under `deploy/`; `--check` fails when something differs."""

import click

from deploy.sources.writing import COMMAND, ROOT, collected, shown
from ioc.generated import differing, write


@click.command(COMMAND)
@click.option("--check", is_flag=True, help="Write nothing; fail when a committed file differs from its source.")
def command(check: bool) -> None:
    """Write rules, dashboards and manifests under deploy/, made from deploy/sources."""
    if not check:
        for path in write(ROOT, collected()):
            click.echo(shown(path))
        return
    stale = differing(ROOT, collected())
    if stale:
        names = ", ".join(map(shown, stale))
        raise click.ClickException(f"differs from deploy/sources: {names}; run `make deploy-files` ({COMMAND})")


if __name__ == "__main__":
    command()
