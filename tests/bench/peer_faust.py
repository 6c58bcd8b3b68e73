"""A peer: a stock Faust agent of the pinned version that decodes each event, and nothing else."""

import logging
import os
import sys
import tempfile
from collections.abc import AsyncIterable

import faust
import orjson

from tests.bench.stopwatch import Stopwatch, read_job, report


def main() -> None:
    """Run the agent until the last record, then leave at once: an orderly stop takes longer than the run."""
    job = read_job()
    with tempfile.TemporaryDirectory() as directory:
        app = faust.App(
            job.group,
            broker=f"kafka://{job.bootstrap}",
            value_serializer="raw",
            web_enabled=False,
            datadir=directory,
            consumer_auto_offset_reset="earliest",
        )
        watch = Stopwatch(job)

        async def decode(stream: AsyncIterable[bytes]) -> None:
            async for value in stream:
                orjson.loads(value)
                run = watch.count(1)
                if run is not None:
                    report(run)
                    os._exit(0)

        app.agent(app.topic(job.topic, value_serializer="raw"))(decode)
        worker = faust.Worker(app, loglevel=logging.ERROR, quiet=True, redirect_stdouts=False)
        worker.execute_from_commandline()
    sys.exit(1)


if __name__ == "__main__":
    main()
