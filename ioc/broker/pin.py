"""Resolve Apache Kafka by Maven's rules and write `jars.txt`: `python -m ioc.broker.pin`, after a change of version."""

import hashlib
import sys
import tempfile
from pathlib import Path

from jgo.maven import Artifact, MavenContext, PythonResolver

from ioc.broker.jars import KAFKA_VERSION, PINS

ROOTS = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
    # Kafka leaves the binding of its log to whoever packages it; this one goes with the log4j that it depends on
    "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3",
)


def main() -> None:
    """Resolve each root by itself (jgo would read several as bills of materials of each other) and pin the union."""
    with tempfile.TemporaryDirectory() as repository:
        context = MavenContext(resolver=PythonResolver(), repo_cache=Path(repository), timeout=60)
        artifacts: dict[str, Artifact] = {}
        for root in ROOTS:
            inputs, transitive = context.resolver.resolve([context.create_dependency(root)])
            for dependency in (*inputs, *transitive):
                key = f"{dependency.groupId}:{dependency.artifactId}"
                known = artifacts.setdefault(key, dependency.artifact)
                if known.version != dependency.version:
                    sys.exit(f"{key} is wanted as {known.version} and as {dependency.version}; choose roots that agree")
        lines = [f"# Apache Kafka {KAFKA_VERSION} at run time: SHA-256, bytes, Maven coordinate"]
        for key, artifact in artifacts.items():
            content = artifact.resolve().read_bytes()
            lines.append(f"{hashlib.sha256(content).hexdigest()} {len(content):>8} {key}:{artifact.version}")
    PINS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{PINS}: {len(artifacts)} jars\n")


if __name__ == "__main__":
    main()
