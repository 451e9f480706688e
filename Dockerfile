# aivax-bots as a small image: docs/deploy.md. `make image-steps` runs these steps without an engine.
#
#   docker build -t aivax-bots .                          the bot
#   docker build -t aivax-bots:postgres --target postgres .   with pg_dump, for backups of PostgreSQL

FROM python:3.13-slim-trixie AS build
WORKDIR /src
# What is pinned changes less often than the code: it is a layer of its own. Everything is checked by its hash.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/aivax-bots && /opt/aivax-bots/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.lock
RUN python -m venv /opt/build && /opt/build/bin/python -m pip install --no-cache-dir --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY aivax_bots aivax_bots
COPY core core
COPY bots bots
COPY sandbox sandbox
COPY migrations migrations
# The wheel is built with nothing fetched. What installs packages has no place in the image.
RUN /opt/build/bin/python -m hatchling build -t wheel -d /opt/dist && /opt/aivax-bots/bin/python -m pip install --no-cache-dir --no-index --no-deps /opt/dist/*.whl && /opt/aivax-bots/bin/python -m pip uninstall --yes --quiet pip

FROM python:3.13-slim-trixie AS base
COPY --from=build /opt/aivax-bots /opt/aivax-bots
# No name is needed for a user: the number is what volumes and Kubernetes know.
RUN install -d -m 0700 -o 10001 -g 10001 /var/lib/aivax-bots /var/lib/aivax-bots/data /var/backups/aivax-bots
ENV PATH=/opt/aivax-bots/bin:/usr/local/bin:/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# Health answers inside the container alone; AIVAX_BOTS__WEB__HOST=0.0.0.0 lets an orchestrator ask, too.
ENV AIVAX_BOTS__WEB__ENABLED=true
# A number without a name has no home of its own, and slack_sdk asks for one as it is imported.
ENV HOME=/var/lib/aivax-bots
WORKDIR /var/lib/aivax-bots
USER 10001:10001
# SQLite; with PostgreSQL nothing is written here. /tmp is all else that must be writable.
VOLUME ["/var/lib/aivax-bots/data"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8780, timeout=3); c.request('GET', '/health/live'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["aivax-bots"]
CMD ["run"]

FROM base AS postgres
USER 0:0
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client && rm -rf /var/lib/apt/lists/*
USER 10001:10001

FROM base AS bot
