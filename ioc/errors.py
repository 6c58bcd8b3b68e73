"""Errors a user can do something about: one clear line and a documented exit code.

    IocError                 1
    ├── ConfigError          3   a setting is missing, unknown or out of range
    ├── KafkaUnavailable     4   no broker answers at `kafka.bootstrap`
    ├── InputError           5   a file or recording can't be read
    ├── DownloadError        6   the embedded Kafka can't be fetched
    ├── CheckFailed          7   `ioc check` found something wrong
    └── Stalled              8   the watchdog saw lag without progress

Exit codes 0 (done), 2 (wrong usage, from click), 1 (a bug, with its traceback) and 130 (Ctrl-C) complete the list.
"""


class IocError(Exception):
    """Base of all errors that are shown as one line."""

    exit_code = 1


class ConfigError(IocError):
    """A setting is missing, unknown or out of range."""

    exit_code = 3


class KafkaUnavailable(IocError):  # noqa: N818 - reads as what happened
    """No broker answers, or it refuses us."""

    exit_code = 4


class InputError(IocError):
    """A file or recording can't be read."""

    exit_code = 5


class DownloadError(IocError):
    """The embedded Kafka can't be fetched."""

    exit_code = 6


class CheckFailed(IocError):  # noqa: N818 - reads as what happened
    """A check found something wrong."""

    exit_code = 7


class Stalled(IocError):  # noqa: N818 - reads as what happened
    """There is lag and no progress."""

    exit_code = 8
