"""How many sensors of a family are watched for silence and how many are silent, by province; of cameras, by unit."""

from collections import Counter
from collections.abc import Mapping, Sequence

from streams.anomalies import Series
from streams.measures import NOTHING, Labels, Measured

CAMERA = "camera"


class Sensors:
    """The figures of one family of one partition; a sensor that has been silent for very long is taken as retired.

    Nothing here outlives the process: a restored bank shows it anew.

    Parameters
    ----------
    family : str
        The label of the family: camera, office, telemetry.
    """

    def __init__(self, family: str) -> None:
        self._family = family
        self._known = 0
        self._watched: Counter[str] = Counter()
        self._units: dict[Labels, float] = {}
        self._news: dict[str, dict[Labels, float]] = {}
        self._told: dict[str, dict[Labels, float]] = {}

    def follow(self, series: Sequence[Series], silent: Mapping[int, int], retired_ms: int) -> None:
        """Note who there is and who is silent.

        Parameters
        ----------
        series : sequence of Series
            All sensors that were ever heard.
        silent : mapping of int to int
            Of each silent one, by its place, when its deadline passed.
        retired_ms : int
            Whose deadline passed before that is retired.
        """
        for each in series[self._known :]:
            self._watched[each.tenant] += 1
            self._units.setdefault((each.tenant, each.unit_code), 0.0)
        self._known = len(series)
        watched, quiet, units = Counter(self._watched), Counter[str](), dict(self._units)
        for row, deadline_ms in silent.items():
            each = series[row]
            if deadline_ms < retired_ms:
                watched[each.tenant] -= 1
            else:
                quiet[each.tenant] += 1
                units[each.tenant, each.unit_code] += 1.0
        sensors: dict[Labels, float] = {}
        for tenant, count in watched.items():
            sensors[tenant, self._family, "watched"] = float(count)
            sensors[tenant, self._family, "silent"] = float(quiet[tenant])
        self._news = {"sensors": sensors, "cameras_silent": units} if self._family == CAMERA else {"sensors": sensors}

    def measured(self) -> Measured:
        """Return the figures if they have changed since the last call."""
        if self._news == self._told:
            return NOTHING
        self._told = self._news
        return Measured(standing=dict(self._told))
