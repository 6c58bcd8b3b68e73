"""A peer: a Quix Streams dataframe that decodes each event with orjson, and nothing else."""

import importlib
import os
from typing import Any

from tests.bench.stopwatch import Stopwatch, read_job, report


def main() -> None:
    """Run the dataframe until the last record, then leave at once."""
    job = read_job()
    quixstreams = importlib.import_module("quixstreams")  # of requirements/bench.txt, absent elsewhere
    app = quixstreams.Application(
        broker_address=job.bootstrap, consumer_group=job.group, auto_offset_reset="earliest", loglevel="ERROR"
    )
    watch = Stopwatch(job)

    def count(value: Any) -> None:
        del value
        run = watch.count(1)
        if run is not None:
            report(run)
            os._exit(0)

    topic = app.topic(job.topic, value_deserializer="json")  # which is orjson
    app.dataframe(topic).update(count)
    app.run()


if __name__ == "__main__":
    main()
