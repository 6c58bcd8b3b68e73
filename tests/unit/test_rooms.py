"""The import contract of `streams` names every module but the shell."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_contract_on_purity_covers_every_module_of_streams_but_the_shell() -> None:
    """A module that is missing from the contract could read a clock unnoticed."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    pure = next(c for c in contracts if c["name"].startswith("streams is pure"))
    rooms = {
        f"streams.{path.stem}"
        for path in (ROOT / "streams").iterdir()
        if path.stem not in {"__init__", "__pycache__", "shell"}
    }
    assert set(pure["source_modules"]) == rooms
