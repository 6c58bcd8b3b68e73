"""`ioc backtest`: rows in, the same rows with a causal score out, and clear words for bad files."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ioc.backtest import Scored, run
from ioc.commands.backtest import command
from ioc.errors import InputError


def series(days: int = 30, spike_at: int | None = None) -> list[str]:
    """Return an hourly CSV with a daily rhythm and noise, and a spike where wanted."""
    rng = np.random.default_rng(7)
    hours = np.arange(days * 24)
    values = rng.poisson(80.0 + 60.0 * np.sin(hours / 24 * 2 * np.pi)).tolist()
    if spike_at is not None:
        values[spike_at] = 900
    start = datetime.fromisoformat("2026-03-02T00:00:00")
    return ["timestamp,value", *(f"{start + timedelta(hours=hour)},{value}" for hour, value in enumerate(values))]


def scores(lines: Iterable[str], rows_at_once: int = 1024) -> list[float]:
    """Return the scores alone."""
    return [row.score for row in run(lines, "test", rows_at_once)]


def test_a_spike_scores_above_everything_else() -> None:
    """The one impossible hour in a month stands out."""
    found = scores(series(spike_at=700))
    assert int(np.argmax(found)) == 700
    assert found[700] > 0.5
    assert all(0.0 <= score <= 1.0 for score in found)


def test_rows_come_back_as_they_were() -> None:
    """Texts of timestamps and values are not reformatted."""
    rows = list(run(["value,note,timestamp", "1.50,x,2026-01-01 00:00:00", ",y,2026-01-01 00:05:00"], "test"))
    assert rows == [Scored("2026-01-01 00:00:00", "1.50", 0.0), Scored("2026-01-01 00:05:00", "", 0.0)]


def test_the_score_does_not_look_ahead() -> None:
    """What comes after a row can't change its score, however the rows arrive."""
    lines = series(spike_at=700)
    assert scores(lines[:600]) == scores(lines)[:599]
    assert scores(lines, rows_at_once=1) == scores(lines)


def test_offsets_set_the_local_clock() -> None:
    """The same wall clock under another offset is the same rhythm."""
    plain = series()
    shifted = [plain[0], *(line.replace(",", "+07:00,") for line in plain[1:])]
    assert scores(shifted) == scores(plain)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "test: no column timestamp and value in its first line (nothing); need timestamp,value"),
        (["time,value"], "test: no column timestamp in its first line (time, value); need timestamp,value"),
        (["timestamp,value", "yesterday,1"], "test, line 2: 'yesterday', '1' is no ISO 8601 time and number"),
        (["timestamp,value", "2026-01-01,many"], "test, line 2: '2026-01-01', 'many' is no ISO 8601 time and number"),
        (["timestamp,value", "2026-01-01"], "test, line 2: 1 columns, the header has 2"),
        (
            ["timestamp,value", "2026-01-02,1", "2026-01-01,1"],
            "test, line 3: 2026-01-01 lies before the row above; sort by timestamp",
        ),
    ],
)
def test_a_bad_file_is_named_with_its_line(lines: list[str], message: str) -> None:
    """One clear line says where, what and what is needed."""
    with pytest.raises(InputError) as caught:
        scores(lines)
    assert str(caught.value) == message


def test_the_command_writes_csv(tmp_path: Path) -> None:
    """Header, one row per row, six digits."""
    path = tmp_path / "series.csv"
    path.write_text("\n".join(series(days=3)), encoding="utf-8")
    result = CliRunner().invoke(command, [str(path)])
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[:2] == ["timestamp,value,score", f"{series()[1]},0.000000"]
    assert len(lines) == 1 + 3 * 24


def test_the_command_reads_standard_input() -> None:
    """A dash stands for it."""
    result = CliRunner().invoke(command, ["-"], input="timestamp,value\n2026-01-01,1\n")
    assert result.stdout == "timestamp,value,score\n2026-01-01,1,0.000000\n"


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    """Not a traceback."""
    result = CliRunner().invoke(command, [str(tmp_path / "none.csv")])
    assert isinstance(result.exception, InputError)
    assert "No such file" in str(result.exception)
