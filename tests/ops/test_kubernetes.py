"""The manifests for Kubernetes are built and valid: core objects, and those of the Prometheus operator and of KEDA."""

import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ops.summary import Record
from tests.ops.tools import INSTALL, tool

ROOT = Path(__file__).parents[2]
BASE = ROOT / "deploy/kubernetes/base"
BUILD = ROOT / "build/ops"
NAME = "validators passed"
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1"
FOREIGN = ("monitoring.coreos.com", "keda.sh")


def _run(
    *command: str | Path, cwd: Path = ROOT, given: str | None = None, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, input=given, env=environ, capture_output=True, text=True, check=False, timeout=280
    )


def _kustomize() -> str:
    """Return kustomize, built by Go on the first use where it isn't installed."""
    found = shutil.which("kustomize") or shutil.which("kustomize", path=str(BUILD))
    if found:
        return found
    built = _run(tool("go"), "install", KUSTOMIZE, environ={**os.environ, "GOBIN": str(BUILD)})
    assert built.returncode == 0, f"{built.stderr}{INSTALL['go']}"
    return str(BUILD / "kustomize")


@pytest.fixture(name="objects", scope="module")
def _objects() -> list[dict[str, Any]]:
    built = _run(_kustomize(), "build", BASE)
    assert (built.returncode, built.stderr) == (0, "")
    return list(yaml.safe_load_all(built.stdout))


def _is_foreign(each: dict[str, Any]) -> bool:
    return str(each["apiVersion"]).startswith(FOREIGN)


def test_core_objects_are_valid_for_kubernetes(record: Record, objects: list[dict[str, Any]], tmp_path: Path) -> None:
    """Strictly: an unknown key fails."""
    core = [each for each in objects if not _is_foreign(each)]
    path = tmp_path / "core.yaml"
    path.write_text(yaml.safe_dump_all(core), encoding="utf-8")
    checked = _run(tool("kubernetes-validate"), "--strict", path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    record(NAME, 1, 1)


def test_objects_of_operators_are_valid(record: Record, objects: list[dict[str, Any]]) -> None:
    """By the operators' own schemas, unknown keys by their types; a planted one is seen."""
    npm, node = tool("npm"), tool("node")
    place = BUILD / "kubernetes"
    shutil.copytree(Path(__file__).parent / "kubernetes", place, dirs_exist_ok=True)
    installed = _run(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=place)
    assert installed.returncode == 0, installed.stderr
    foreign = [each for each in objects if _is_foreign(each)]
    checked = _run(node, "validate.mjs", cwd=place, given=json.dumps(foreign))
    assert (checked.returncode, checked.stdout.strip()) == (0, str(len(foreign))), checked.stderr
    record(NAME, 1, 1)
    spoilt = json.dumps(foreign).replace('"minReplicaCount"', '"minReplicas"').replace('"keep_firing_for"', '"keepOn"')
    told = _run(node, "validate.mjs", cwd=place, given=spoilt).stderr
    assert "minReplicas" in told
    assert "keepOn" in told


def test_the_operator_gets_the_rules_that_promtool_tested(objects: list[dict[str, Any]]) -> None:
    """All groups of both files, as kustomize hands them out."""
    rule = next(each for each in objects if each["kind"] == "PrometheusRule")
    files = [ROOT / "deploy/prometheus" / name for name in ("rules.yml", "alerts.yml")]
    groups = [group for path in files for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]
    assert rule["spec"]["groups"] == groups


def test_keda_never_asks_for_more_workers_than_partitions(objects: list[dict[str, Any]]) -> None:
    """A worker beyond the partitions would stand idle."""
    scaled = next(each for each in objects if each["kind"] == "ScaledObject")
    kafka = tomllib.loads((BASE / "ioc.toml").read_text(encoding="utf-8"))["kafka"]
    assert scaled["spec"]["maxReplicaCount"] == kafka["partitions"]
    assert scaled["spec"]["triggers"][0]["metadata"]["bootstrapServers"] == kafka["bootstrap"]
