"""Generated files against those that stand in a folder: which differ, and writing those that do."""

from collections.abc import Mapping
from pathlib import Path


def differing(root: Path, texts: Mapping[Path, str]) -> list[Path]:
    """Return the paths, relative to ``root`` and in order, of files that are missing there or hold something else."""
    return [path for path, text in sorted(texts.items()) if _standing(root / path) != text]


def write(root: Path, texts: Mapping[Path, str]) -> list[Path]:
    """Write the files that differ from what stands in ``root``; return their paths."""
    stale = differing(root, texts)
    for path in stale:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(texts[path], encoding="utf-8")
    return stale


def _standing(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
