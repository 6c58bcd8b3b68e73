"""What runs the processor elsewhere is valid: image, Compose, systemd, rules, Grafana, each by its own validator."""

import json
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import pytest
import yaml

from ioc.observability import program
from tests.boards import boards, variables
from tests.ops.summary import Record
from tests.ops.tools import INSTALL, tool

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
NAME = "validators passed"
EXPOSURE = 20
"""Tenths: what `systemd-analyze security` may say at most; it said 1.2."""


def _run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)


def _silent(done: subprocess.CompletedProcess[str]) -> None:
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", INSTALL)
def test_a_missing_tool_is_told_with_the_command_that_installs_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, ready to paste."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(AssertionError, match=f"{name} is missing: .* install .*"):
        tool(name)


def test_the_dockerfile_is_clean(record: Record) -> None:
    """Hadolint finds nothing, and nothing is ignored."""
    _silent(_run(tool("hadolint"), "Dockerfile"))
    record(NAME, 1, 1)


def _compose() -> dict[str, dict[str, dict[str, object]]]:
    tree = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text(encoding="utf-8"))
    assert isinstance(tree, dict)
    return tree


def test_the_compose_file_follows_the_specification(record: Record) -> None:
    """By the schema that check-jsonschema ships; its command wants a newer click than Faust allows."""
    package = find_spec("check_jsonschema")
    assert package is not None
    assert package.origin is not None
    schema = Path(package.origin).parent / "builtin_schemas/vendor/compose-spec.json"
    jsonschema.validate(_compose(), json.loads(schema.read_text(encoding="utf-8")))
    record(NAME, 1, 1)


def _mounts(service: str) -> dict[str, Path]:
    """Return the folders of this repository that a service sees, by where it sees them; all are read-only."""
    found = {}
    for mount in _compose()["services"][service]["volumes"]:  # type: ignore[attr-defined]  # from YAML
        source, target, *mode = mount.split(":")
        if source.startswith("."):
            assert mode == ["ro"], mount
            found[target] = (DEPLOY / "compose" / source).resolve()
    return found


@pytest.mark.parametrize("name", ["rules.yml", "alerts.yml"])
def test_rules_are_valid_for_prometheus(name: str, record: Record) -> None:
    """Promtool reads each rule and template."""
    checked = _run(program("promtool"), "check", "rules", DEPLOY / "prometheus" / name)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    record(NAME, 1, 1)


def test_grafana_of_compose_finds_its_sources_of_data_under_the_names_that_dashboards_use(record: Record) -> None:
    """Uids are fixed, addresses come from its environment, the first choice of each dashboard is there."""
    folder = _mounts("grafana")["/etc/grafana/provisioning"]
    sources = yaml.safe_load((folder / "datasources/ioc.yml").read_text(encoding="utf-8"))["datasources"]
    assert {each["type"]: each["uid"] for each in sources} == {
        "prometheus": "ioc-prometheus",
        "alertmanager": "ioc-alertmanager",
    }
    environment = _compose()["services"]["grafana"]["environment"]
    assert {each["url"].removeprefix("$") for each in sources} <= environment.keys()  # type: ignore[attr-defined]
    named = {each["name"]: each["uid"] for each in sources}
    for board in boards():
        chosen = next(each["current"] for each in variables(board) if each["type"] == "datasource")
        assert chosen["value"] == named[chosen["text"]], board["uid"]
    record(NAME, 1, 1)


def test_grafana_of_compose_finds_the_dashboards(record: Record) -> None:
    """Where its provider looks; a folder of files is a folder in Grafana."""
    mounts = _mounts("grafana")
    providers = mounts["/etc/grafana/provisioning"] / "dashboards/ioc.yml"
    (provider,) = yaml.safe_load(providers.read_text(encoding="utf-8"))["providers"]
    assert provider["options"]["foldersFromFilesStructure"] is True
    found = sorted(mounts[provider["options"]["path"]].glob("*/*.json"))
    assert [json.loads(path.read_text(encoding="utf-8"))["uid"] for path in found] == [path.stem for path in found]
    assert len(found) == len(boards()) > 0
    record(NAME, 1, 1)


def test_every_service_of_compose_is_confined() -> None:
    """No root, nothing writable but what is named, limits, a health check, one published port on loopback."""
    for name, service in _compose()["services"].items():
        assert service["read_only"] is True, name
        assert not str(service["user"]).startswith("0"), name
        assert service["cap_drop"] == ["ALL"], name
        assert "healthcheck" in service or name == "worker", name  # a worker's is that of its image
        assert service["deploy"]["resources"]["limits"]["memory"], name  # type: ignore[index]  # from YAML
    published = {name: service["ports"] for name, service in _compose()["services"].items() if "ports" in service}
    assert published == {"grafana": ["127.0.0.1:${GRAFANA_PORT:-3000}:3000"]}


def test_prometheus_of_compose_can_read_its_configuration(record: Record, tmp_path: Path) -> None:
    """With the rules where Compose mounts them."""
    shutil.copy(DEPLOY / "compose/prometheus.yml", tmp_path)
    shutil.copytree(DEPLOY / "prometheus", tmp_path / "rules")
    checked = _run(program("promtool"), "check", "config", tmp_path / "prometheus.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    record(NAME, 1, 1)


def test_alertmanager_of_compose_can_read_its_configuration(record: Record) -> None:
    """The example that a site copies, with all routes."""
    checked = _run(program("amtool"), "check-config", DEPLOY / "compose/alertmanager.example.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    record(NAME, 1, 1)


@pytest.fixture(name="units")
def _units(tmp_path: Path) -> Path:
    """Return the folder of units as systemd would find them, with a command that exists here."""
    shutil.copytree(DEPLOY / "systemd", tmp_path / "units")
    service = tmp_path / "units/ioc-worker@.service"
    text = service.read_text(encoding="utf-8")
    assert "ExecStart=/opt/ioc/bin/ioc worker" in text
    service.write_text(text.replace("/opt/ioc/bin/ioc", "/bin/true"), encoding="utf-8")
    service.rename(service.with_name("ioc-worker@9108.service"))
    return tmp_path / "units"


def test_the_units_are_known_to_systemd_word_by_word(record: Record, units: Path) -> None:
    """An unknown key is only a remark of `systemd-analyze verify`, so any remark fails."""
    analyze = tool("systemd-analyze")
    _silent(_run(analyze, "verify", units / "ioc-worker@9108.service", units / "ioc.target"))
    record(NAME, 1, 1)
    service = units / "ioc-worker@9108.service"
    service.write_text(service.read_text(encoding="utf-8").replace("UMask=", "Umask="), encoding="utf-8")
    assert "Umask" in _run(analyze, "verify", service).stderr, "a planted mistake was not seen"


def test_a_worker_is_hardly_exposed(record: Record, units: Path) -> None:
    """Systemd's own measure."""
    analyze = tool("systemd-analyze")
    judged = _run(
        analyze, "security", "--offline=yes", f"--threshold={EXPOSURE}", "--no-pager", units / "ioc-worker@9108.service"
    )
    assert judged.returncode == 0, judged.stdout
    record(NAME, 1, 1)
