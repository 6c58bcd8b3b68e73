"""`python -m deploy.sources`: write everything generated under `deploy/`; `--check` fails when something differs."""

import tomllib
from pathlib import Path

import click
import msgspec

from deploy.sources.site import read
from deploy.sources.writing import COMMAND, ROOT, collected, of_site, shown
from ioc.generated import differing, write


@click.command(COMMAND)
@click.option("--check", is_flag=True, help="Write nothing; fail when a committed file differs from its source.")
@click.option("--site", type=click.Path(path_type=Path, dir_okay=False), help="Your copy of deploy/site.toml.")
@click.option("--to", "directory", type=click.Path(path_type=Path, file_okay=False), help="Where a site's files go.")
def command(check: bool, site: Path | None, directory: Path | None) -> None:
    """Write rules, dashboards and manifests under deploy/, made from deploy/sources.

    With a site of your own, write what names its addresses into a folder of your own: the checkout stays as it is.
    """
    if (site is None) != (directory is None):
        raise click.UsageError("--site and --to go together")
    if site is not None and directory is not None:
        for path in write(directory, _of(site)):
            click.echo(directory / path)
        return
    if not check:
        for path in write(ROOT, collected()):
            click.echo(shown(path))
        return
    stale = differing(ROOT, collected())
    if stale:
        names = ", ".join(map(shown, stale))
        raise click.ClickException(f"differs from deploy/sources: {names}; run `make deploy-files` ({COMMAND})")


def _of(site: Path) -> dict[Path, str]:
    try:
        return of_site(read(site))
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise click.ClickException(f"{site}: {error}") from None


if __name__ == "__main__":
    command()
