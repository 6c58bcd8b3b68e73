"""Generated files: what differs is found, and only that is written."""

from pathlib import Path

from ioc.generated import differing, write

TEXTS = {Path("b/new.yml"): "x: 1\n", Path("a.yml"): "Điện Biên\n", Path("same.yml"): "y\n"}


def test_what_is_missing_or_different_is_written_and_nothing_else(tmp_path: Path) -> None:
    """Folders are made; afterwards nothing differs."""
    (tmp_path / "a.yml").write_text("old\n", encoding="utf-8")
    (tmp_path / "same.yml").write_text("y\n", encoding="utf-8")
    (tmp_path / "same.yml").chmod(0o444)  # touched, it would fail
    stale = [Path("a.yml"), Path("b/new.yml")]
    assert differing(tmp_path, TEXTS) == stale
    assert write(tmp_path, TEXTS) == stale
    assert (tmp_path / "a.yml").read_text(encoding="utf-8") == "Điện Biên\n"
    assert differing(tmp_path, TEXTS) == []


def test_a_file_that_no_source_makes_any_more_is_left_alone(tmp_path: Path) -> None:
    """What else lies there is somebody's."""
    (tmp_path / "other.yml").write_text("z", encoding="utf-8")
    write(tmp_path, TEXTS)
    assert (tmp_path / "other.yml").read_text(encoding="utf-8") == "z"
