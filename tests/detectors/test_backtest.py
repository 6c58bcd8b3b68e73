"""`ioc backtest`: rows in, the same rows with a causal score out; folders, pictures, and clear words for bad files."""

import csv
import sys
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ioc.backtest import Backtest, Scored, blocked, run
from ioc.commands.backtest import command
from ioc.errors import InputError
from ioc.series_csv import Reading, read

Scorer = Callable[[list[str]], list[float]]


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
    lines = series(days=12, spike_at=280)
    found = scores(lines)
    assert max(found) > 0.0
    assert scores(lines[:250]) == found[:249]
    assert scores(lines, rows_at_once=1) == found


def test_offsets_set_the_local_clock() -> None:
    """The same wall clock under another offset is the same rhythm."""
    plain = series(days=10)
    shifted = [plain[0], *(line.replace(",", "+07:00,") for line in plain[1:])]
    assert scores(shifted) == scores(plain)


def test_clocks_that_are_put_back_are_no_mistake() -> None:
    """An hour without offset comes twice in autumn; with an offset it could not."""
    lines = ["timestamp,value", "2026-10-25 02:50:00,1", "2026-10-25 02:00:00,2", "2026-10-25 03:00:00,3"]
    assert [row.timestamp[-8:] for row in run(lines, "test")] == ["02:50:00", "02:00:00", "03:00:00"]
    with pytest.raises(InputError, match="lies before the row above"):
        scores([line.replace(":00,", ":00+01:00,") for line in lines])


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


WHOLE = series(days=11, spike_at=220)
WHOLE_SCORES = scores(WHOLE)


_TELLING = [row + 1 for row, score in enumerate(WHOLE_SCORES) if score]
CUTS = st.integers(1, len(WHOLE) - 1) | st.integers(2, 20) | st.sampled_from(_TELLING)
"""Any row, and as often one of the first day or one that scores: some mistakes are seen there alone."""


@settings(deadline=None, max_examples=10, derandomize=True)
@given(cut=CUTS, rows_at_once=st.sampled_from([1, 7, 1024]))
def test_cutting_a_file_anywhere_leaves_the_earlier_scores(cut: int, rows_at_once: int) -> None:
    """The file's end, its length, its largest value: nothing behind a row is known to its score."""
    assert scores(WHOLE[:cut], rows_at_once) == WHOLE_SCORES[: cut - 1]


def above(of_file: Callable[[list[float]], float]) -> Scorer:
    """Return a backtest that compares the values with a number of the whole file."""

    def score(lines: list[str]) -> list[float]:
        values = [float(line.split(",")[1]) for line in lines[1:]]
        return [0.5 if value > of_file(values) else 0.0 for value in values]

    return score


def delayed(lines: list[str]) -> list[float]:
    """Tell of a row what is known a row later."""
    return [*scores(lines)[1:], 0.0]


@pytest.mark.parametrize(
    "cheat",
    [
        above(lambda values: max(values) / 2.0),
        above(lambda values: 9.0 * min(values)),
        above(lambda values: len(values) / 2.0),
        above(lambda values: sum(values) / len(values)),
        delayed,
    ],
    ids=["maximum", "minimum", "length", "mean", "next row"],
)
def test_cutting_shows_who_knows_the_file(cheat: Scorer) -> None:
    """Else the test above could not fail: it finds each of these mistakes."""
    whole = cheat(WHOLE)

    @settings(deadline=None, max_examples=10, derandomize=True, database=None, phases=[Phase.generate])
    @given(cut=CUTS)
    def cut_anywhere(cut: int) -> None:
        assert cheat(WHOLE[:cut]) == whole[: cut - 1]

    with pytest.raises(AssertionError):
        cut_anywhere()


def test_a_row_is_scored_before_the_next_one_is_read() -> None:
    """What has not been read can't be known: the rows are handed over one by one, and counted."""
    read_so_far = 0

    def one_by_one() -> Iterable[str]:
        nonlocal read_so_far
        for line in WHOLE:
            read_so_far += 1
            yield line

    found = []
    for row, scored in enumerate(run(one_by_one(), "test", rows_at_once=1), start=1):
        assert read_so_far == row + 1  # the header too
        found.append(scored.score)
    assert found == WHOLE_SCORES


@settings(deadline=None, max_examples=8, derandomize=True)
@given(row=st.integers(1, len(WHOLE) - 1), value=st.sampled_from(["", "nan", "inf", "-1e9", "0", "1e300"]))
def test_a_changed_row_changes_no_earlier_score(row: int, value: str) -> None:
    """Whatever stands in a row, even what is no number, those before it don't know."""
    timestamp = WHOLE[row].partition(",")[0]
    changed = [*WHOLE[:row], f"{timestamp},{value}", *WHOLE[row + 1 :]]
    found = scores(changed)
    assert found[: row - 1] == WHOLE_SCORES[: row - 1]
    assert all(0.0 <= score < 1.0 for score in found)


def test_nothing_is_said_before_there_is_a_history() -> None:
    """The first 150 values only teach, however wild they are."""
    found = scores(series(spike_at=100))
    assert found[:150] == [0.0] * 150


def test_a_series_scores_the_same_in_any_company() -> None:
    """One configuration, and no series knows of the others: scored together is scored alone."""
    readings = [list(_readings(series(days=10, spike_at=spike))) for spike in (200, 220)]
    together = Backtest(2)
    both = [together.update(blocked(list(rows), np.arange(2))) for rows in zip(*readings, strict=True)]
    for number, own in enumerate(readings):
        assert [row.score for row in Backtest().score(own)] == [pair[number] for pair in both]


def test_scale_and_offset_do_not_matter() -> None:
    """Degrees Celsius or Fahrenheit: the same surprises, up to rounding."""
    lines = series(days=12, spike_at=250)
    rows = [line.split(",") for line in lines[1:]]
    scaled = [lines[0], *(f"{when},{float(value) * 1.8 + 32.0}" for when, value in rows)]
    np.testing.assert_allclose(scores(scaled), scores(lines), atol=1e-6)


def _readings(lines: list[str]) -> Iterable[Reading]:
    return read(lines, "test")


def folder(at: Path) -> Path:
    """Write a small tree of series."""
    for name, days, spike_at in (("a/one.csv", 8, 180), ("a/two.csv", 9, 190), ("three.csv", 7, None)):
        path = at / "series" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(series(days, spike_at)), encoding="utf-8")
    (at / "series" / "notes.txt").write_text("not a series", encoding="utf-8")
    return at / "series"


def invoke(*arguments: Path | str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_folder_gives_the_same_tree_with_the_scores_of_each_file(tmp_path: Path, workers: str) -> None:
    """Together, apart, in one process or in several: what a file scores depends on the file alone."""
    source, target = folder(tmp_path), tmp_path / "out"
    result = invoke(source, target, "--workers", workers)
    assert result.exit_code == 0
    assert result.stderr == "3 series scored\n"
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*.csv")) == [
        "a/one.csv",
        "a/two.csv",
        "three.csv",
    ]
    for path in target.rglob("*.csv"):
        assert path.read_text(encoding="utf-8") == invoke(source / path.relative_to(target)).stdout


def test_the_benchmark_tree_holds_the_series_that_have_windows(tmp_path: Path) -> None:
    """Names come from windows.json; what else lies there is none of the benchmark's; labels are not read."""
    source, target = folder(tmp_path), tmp_path / "out"
    (source / "windows.json").write_text('{"a/one.csv": [["never", "read"]]}', encoding="utf-8")
    assert invoke("--nab", source, target, "--workers", "1").exit_code == 0
    assert [path.relative_to(target).as_posix() for path in target.rglob("*.csv")] == ["a/one.csv"]
    with (target / "a" / "one.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == ["timestamp", "value", "score"]
    assert len(rows) == 8 * 24


def test_the_benchmark_may_go_back_in_time(tmp_path: Path) -> None:
    """Its files are what they are: a row from yesterday counts as read when the one above was."""
    source, target = tmp_path / "data", tmp_path / "out"
    source.mkdir()
    (source / "odd.csv").write_text("timestamp,value\n2026-01-02,1\n2026-01-01,2\n2026-01-03,3\n", encoding="utf-8")
    assert invoke("--nab", source, target, "--workers", "1").exit_code == 0
    assert len((target / "odd.csv").read_text(encoding="utf-8").splitlines()) == 4
    assert isinstance(invoke(source, tmp_path / "other", "--workers", "1").exception, InputError)


def test_a_series_of_the_benchmark_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Scoring fewer series than the benchmark has would look like a result."""
    source = folder(tmp_path)
    (source / "windows.json").write_text('{"b/four.csv": []}', encoding="utf-8")
    error = invoke("--nab", source, tmp_path / "out").exception
    assert isinstance(error, InputError)
    assert str(error).endswith("b/four.csv is named in windows.json but not there (1 such)")


def test_a_bad_file_in_a_folder_is_named(tmp_path: Path) -> None:
    """The message of a worker process arrives as one line."""
    source = folder(tmp_path)
    (source / "a" / "bad.csv").write_text("timestamp,value\nyesterday,1\n", encoding="utf-8")
    error = invoke(source, tmp_path / "out", "--workers", "2").exception
    assert isinstance(error, InputError)
    assert "bad.csv, line 2: 'yesterday', '1' is no ISO 8601 time and number" in str(error)


def test_results_are_kept_apart_from_the_series(tmp_path: Path) -> None:
    """Else a second run would score the first one's results."""
    source = folder(tmp_path)
    error = invoke(source, source / "out").exception
    assert isinstance(error, InputError)
    assert "results must not lie in" in str(error)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    """With what was looked for."""
    error = invoke(tmp_path, tmp_path.parent / "out").exception
    assert isinstance(error, InputError)
    assert "no *.csv in it" in str(error)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["series"], "name one for the results, ioc backtest series OUT_DIR"),
        (["series", "out", "--plot", "x.png"], "--plot draws one series"),
        (["-", "out"], "need a folder of series"),
        (["series/three.csv", "out"], "need a folder of series"),
    ],
)
def test_forms_that_make_no_sense_are_wrong_usage(
    tmp_path: Path, arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and the way out."""
    folder(tmp_path)
    monkeypatch.chdir(tmp_path)
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_picture_without_matplotlib_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra: nothing else needs it."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    error = invoke(folder(tmp_path) / "three.csv", "--plot", tmp_path / "three.png").exception
    assert isinstance(error, InputError)
    assert str(error) == "--plot needs matplotlib, which is not installed: pip install matplotlib"


class FakeAxes:
    """Counts what is drawn; everything else is accepted."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, int]] = []

    def plot(self, across: list[object], up: list[float], *_: object, **__: object) -> None:
        """Keep how many points the line has."""
        self.lines.append((len(across), len(up)))

    def __getattr__(self, name: str) -> object:
        return lambda *_, **__: None


class FakeFigure:
    """Stands for matplotlib's: writes what its axes were given."""

    def __init__(self, **_: object) -> None:
        self.axes = [FakeAxes(), FakeAxes()]

    def subplots(self, *_: object, **__: object) -> list[FakeAxes]:
        """Return the two axes."""
        return self.axes

    def autofmt_xdate(self) -> None:
        """Turn labels of nothing."""

    def savefig(self, target: Path, **_: object) -> None:
        """Write the numbers of points."""
        target.write_text(str([axes.lines for axes in self.axes]), encoding="utf-8")


def test_a_picture_shows_the_series_what_stands_out_and_the_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the rows on standard output; drawn by a stand-in, since matplotlib is an extra."""
    monkeypatch.setitem(sys.modules, "matplotlib", ModuleType("matplotlib"))
    figures = ModuleType("matplotlib.figure")
    figures.__dict__["Figure"] = FakeFigure
    monkeypatch.setitem(sys.modules, "matplotlib.figure", figures)
    picture = tmp_path / "one.png"
    result = invoke(folder(tmp_path) / "a" / "one.csv", "--plot", picture)
    rows = list(csv.DictReader(result.stdout.splitlines()))
    marked = sum(float(row["score"]) >= 0.5 for row in rows)
    assert len(rows) == 8 * 24
    assert picture.read_text(encoding="utf-8") == f"[[(192, 192), ({marked}, {marked})], [(192, 192)]]"


def test_progress_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    """A log file holds the count alone."""
    assert "scoring" not in invoke(folder(tmp_path), tmp_path / "out", "--workers", "1").stderr
