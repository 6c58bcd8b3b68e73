"""Finds the programs that judge what is run elsewhere; where one is missing, says the command that installs it."""

import shutil
import sys
from pathlib import Path
from types import MappingProxyType

_PIP = ".venv/bin/python -m pip install --require-hashes --no-deps -r requirements/dev.txt"
_APT = "apt-get install -y --no-install-recommends"

INSTALL = MappingProxyType(
    {
        "hadolint": _PIP,
        "kubernetes-validate": _PIP,
        "systemd-analyze": f"{_APT} systemd",
        "node": f"{_APT} nodejs npm",
        "npm": f"{_APT} nodejs npm",
        "go": f"{_APT} golang-go (Go 1.22.7 or later builds kustomize: Debian 13 has it, Debian 12 doesn't)",
    }
)
"""How each gets onto Debian or Ubuntu, in one command."""


def tool(name: str) -> str:
    """Return the path of a program, beside the Python that runs the tests or in `PATH`; without it the test fails."""
    path = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    assert path, f"{name} is missing: {INSTALL[name]}"
    return path
