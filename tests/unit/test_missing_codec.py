"""A worker without the codec of a batch would crash on the first one: it doesn't start, and says what to install."""

import subprocess
import sys

WITHOUT_CRAMJAM = """
import sys
sys.modules["cramjam"] = None  # what an import finds when the package isn't installed
sys.argv = ["ioc", {command}]
from ioc.__main__ import main
main()
"""


def run_without_cramjam(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of `ioc` as on a machine where the package is missing."""
    script = WITHOUT_CRAMJAM.format(command=command)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)


def test_a_worker_without_the_codecs_does_not_start() -> None:
    """One line with the way out and exit code 7, before Kafka is asked for anything."""
    ended = run_without_cramjam('"worker"')
    assert (ended.returncode, ended.stdout) == (7, "")
    assert ended.stderr == "ioc: no codec for lz4, zstd, snappy batches; install the package `cramjam`\n"


def test_check_says_that_a_codec_is_missing() -> None:
    """The other checks go on."""
    ended = run_without_cramjam('"check", "--offline"')
    assert ended.returncode == 7
    assert "wrong codecs: no codec for lz4, zstd, snappy batches; install the package `cramjam`" in ended.stdout
