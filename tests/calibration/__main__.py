"""Measures calibration and writes docs/calibration.md: ``python -m tests.calibration``; ``--only NAME``."""

import time

import click

from tests.calibration import arrivals, counts, gauges, kinds, page, places, recordings, units
from tests.calibration.family import Family, Measured, measure
from tests.recordings.labelled import directory

FAMILIES: tuple[Family, ...] = (
    *gauges.FAMILIES,
    *counts.FAMILIES,
    *kinds.FAMILIES,
    *arrivals.FAMILIES,
    *units.FAMILIES,
    *places.FAMILIES,
    *recordings.FAMILIES,
)
UNMEASURED = {
    "predicted_wait": "it forecasts waits: 0.07 fewer come true at most (`python -m tests.calibration.forecasts`).",
    "refractory": "a policy: it hands on the tails of others.",
}
"""Detectors without a family, and why."""


@click.command()
@click.option("--only", multiple=True, type=click.Choice(sorted({family.detector for family in FAMILIES})))
@click.option("--size", default=1.0, show_default=True, help="Share of a whole study; other than 1 writes nothing.")
@click.option("--seed", default=1, show_default=True, help="Of the random numbers; other than 1 writes nothing.")
def main(only: tuple[str, ...], size: float, seed: int) -> None:
    """Print observed over nominal rates at 1e-2, 1e-3, 1e-4, 1e-5, and write page, picture and counts."""
    fresh: list[Measured] = []
    for family in FAMILIES:
        if only and family.detector not in only:
            continue
        if family.recorded and directory() is None:
            click.echo(f"{family.detector}: no recordings here (RECORDINGS_DIR); what was measured before stays")
        else:
            began = time.process_time()
            fresh += (found := measure(family, seed, size))
            for one in found:
                _tell(one)
            click.echo(f"  in {time.process_time() - began:.0f} s of processor time")
    if size == 1.0 and seed == 1:
        _write(fresh)


def _tell(one: Measured) -> None:
    click.echo(f"{one.detector:12} {one.family:42} {one.side:6} {one.observations:12,}")
    click.echo("  " + "   ".join(f"{rate.ratio:5.2f} ({rate.low:.2f} to {rate.high:.2f})" for rate in one.rates))


def _write(fresh: list[Measured]) -> None:
    """Keep what was measured before of the families that weren't measured now, in the order of the families."""
    known = {(one.detector, one.family, one.side): one for one in (*page.load(), *fresh)}
    keys = [(family.detector, family.name, side) for family in FAMILIES for side in family.sides]
    measured = [known[key] for key in keys if key in known]
    page.save(measured)
    measured = page.load()  # to the digits of the file, as whoever checks the page reads them
    page.PAGE.write_text(page.text(measured, UNMEASURED), encoding="utf-8")
    page.draw(measured)


if __name__ == "__main__":
    main()
