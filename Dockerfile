# Vigie: one image for the web app, the worker and every command. No model made elsewhere is in it: those are in the store.
FROM python:3.11-slim-bookworm AS build
# Debian keeps one version of a package: a pinned one is gone with the next fix
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends binutils \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN sh deploy/image/install.sh /opt/vigie

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin vigie \
    && install --directory --owner vigie --group vigie --mode 0700 /data
COPY --from=build /opt/vigie /opt/vigie
COPY deploy/image/start.sh deploy/image/make_bucket.py /opt/vigie/bin/
ENV PATH=/opt/vigie/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    VIGIE_HOME=/data
# /data holds the cache, and /tmp a table being worked on: the rest may be mounted read-only
VOLUME /data
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT', 8000)}/healthz\", timeout=4)"]
ENTRYPOINT ["sh", "/opt/vigie/bin/start.sh"]
CMD ["web"]
