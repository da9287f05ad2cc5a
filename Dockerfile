# Vigie: one image for the web app, the worker and every command. No model made elsewhere is in it: those are in the store.
FROM python:3.11-slim-bookworm AS dependencies
# Debian keeps one version of a package: a pinned one is gone with the next fix
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends binutils \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# Before the code: a change of the code rebuilds nothing of this stage
COPY requirements/run.txt requirements/run.txt
COPY deploy/image/install.sh deploy/image/install.sh
RUN sh deploy/image/install.sh /opt/vigie dependencies

FROM dependencies AS code
COPY . .
RUN sh deploy/image/install.sh /opt/vigie vigie /code

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin vigie \
    && install --directory --owner vigie --group vigie --mode 0700 /data
COPY --from=dependencies /opt/vigie /opt/vigie
COPY --from=code /code /opt/vigie
COPY deploy/image/start.sh deploy/image/make_bucket.py /opt/vigie/bin/
# The commands of a checkout also work in a shell of the container: python populate_reference_models.py
COPY migrate_models_to_s3.py populate_reference_models.py /app/
WORKDIR /app
ENV PATH=/opt/vigie/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    VIGIE_HOME=/data
# /data holds the cache, and /tmp a table being worked on: the rest may be mounted read-only
VOLUME /data
USER 10001
EXPOSE 8000
# The web app answers on its port; a worker writes a heartbeat file
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["sh", "/opt/vigie/bin/start.sh", "healthy"]
ENTRYPOINT ["sh", "/opt/vigie/bin/start.sh"]
CMD ["web"]
