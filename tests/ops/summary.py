"""The lines that `make test-ops` ends with: what was proved with real tools, and how much of it."""

from typing import Protocol


class Record(Protocol):
    """Notes that ``done`` of ``of`` were proved under a name; several notes of one name add up."""

    def __call__(self, name: str, done: int, of: int | None = None) -> None:
        """Note it, and fail the test if something is missing; ``of`` None: there is no count to reach, but one."""
        ...


class Summary:
    """What was recorded in one run, in the order in which it came.

    Examples
    --------
    >>> summary = Summary()
    >>> summary.record("routes", 12, 12)
    >>> summary.record("pictures written", 8)
    >>> summary.lines()
    ['routes 12/12', 'pictures written 8']
    """

    def __init__(self) -> None:
        self._parts: dict[str, tuple[int, int | None]] = {}

    def record(self, name: str, done: int, of: int | None = None) -> None:
        """Add to what is known under a name; a shortfall is an error."""
        before, goal = self._parts.get(name, (0, 0))
        self._parts[name] = (before + done, None if of is None or goal is None else goal + of)
        wanted = 1 if of is None else of
        assert done >= wanted, f"{name}: {done} of {wanted}"

    def lines(self) -> list[str]:
        """Return one line for each part that ran."""
        return [f"{name} {done}" + ("" if of is None else f"/{of}") for name, (done, of) in self._parts.items()]
