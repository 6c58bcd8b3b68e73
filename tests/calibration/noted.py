"""Days on which Auckland's streets were not quiet by public record, though neither label nor calendar says so.

Each is known without any count, and was declared before it was looked at what detectors say without it.
"""

import re
from datetime import date, timedelta

from tests.recordings.claims import CLAIMS
from tests.recordings.labelled import CAMERAS, labels

STRETCHES = {
    "the weekend between Good Friday and Easter Monday": (date(2019, 4, 20), date(2019, 4, 21)),
    # Fire and Emergency New Zealand, Auckland Council: streets, offices, courts and the library were closed, and every
    # mobile telephone was told to keep away
    "the fire of the convention centre, in the city centre": (date(2019, 10, 22), date(2019, 10, 25)),
    "no day is a working day by law (Interpretation Act 1999, section 29)": (date(2019, 12, 25), date(2020, 1, 2)),
}
"""First and last day, by reason."""
_FAILING = timedelta(days=31)  # so long before a sensor is labelled as dead it isn't held to be well


def noted(day: date, sensor: str) -> bool:
    """Say whether a local day is out of the ordinary by public record, or the sensor about to die by its label."""
    return any(first <= day <= last for first, last in STRETCHES.values()) or _failing(day, sensor)


def _failing(day: date, sensor: str) -> bool:
    for claim in CLAIMS:
        label = labels()[claim.label]
        if label.recording == CAMERAS and label.kind == "sensor-dead" and re.search(claim.series[0], sensor):
            death = label.start.date()
            if death - _FAILING <= day < death:
                return True
    return False
