# The worker as an image: what requirements/worker.txt locks, this project's wheel, and nothing that builds or runs Kafka.
# docker build --tag ioc:0.1.0 .
# Pin both FROM lines to the digest that your registry shows (python:3.11-slim-bookworm@sha256:…) to build the same again.

FROM python:3.11-slim-bookworm AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements/build.txt requirements/worker.txt requirements/
# only wheels, each by its hash: no code of a dependency runs while the image is made
RUN python -m venv --without-pip /opt/ioc \
    && pip install --require-hashes --no-deps --only-binary=:all: -r requirements/build.txt \
    && pip --python /opt/ioc/bin/python install --require-hashes --no-deps --only-binary=:all: -r requirements/worker.txt
COPY pyproject.toml README.md LICENSE ./
COPY detectors detectors
COPY streams streams
COPY ioc ioc
RUN pip wheel --no-build-isolation --no-deps --wheel-dir dist . \
    && pip --python /opt/ioc/bin/python install --no-deps --no-index dist/*.whl \
    && /opt/ioc/bin/ioc check --offline

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="ioc-stream-processor" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/ioc /opt/ioc
# one thread of linear algebra: a worker is one process with small arrays, however many cores the host has
ENV PATH=/opt/ioc/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 OPENBLAS_NUM_THREADS=1
USER 10001:10001
WORKDIR /
EXPOSE 9108
STOPSIGNAL SIGTERM
# a page costs a worker some 20 ms at most
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:%s/metrics' % os.environ.get('IOC_METRICS_PORT', '9108'), timeout=4)"]
ENTRYPOINT ["ioc"]
CMD ["worker"]
