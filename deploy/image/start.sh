#!/bin/sh
# What the image runs: start.sh web | worker | setup | healthy | any other command, as given.
set -eu

# A secret in a file, as Docker and Kubernetes mount them, or as `setup` made one
if [ -z "${VIGIE_SECRET:-}" ] && [ -n "${VIGIE_SECRET_FILE:-}" ] && [ -r "$VIGIE_SECRET_FILE" ]; then
    VIGIE_SECRET=$(cat "$VIGIE_SECRET_FILE")
    export VIGIE_SECRET
fi

case ${1:-web} in
web)
    exec vigie serve --host 0.0.0.0 --port "${PORT:-8000}" --processes "${VIGIE_PROCESSES:-2}" --no-link
    ;;
worker)
    exec vigie worker
    ;;
healthy)
    # Of a web container if something listens on its port, else of a worker
    if python -c "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT', 8000)}/healthz\", timeout=4)" 2>/dev/null; then
        exit 0
    fi
    exec vigie worker --probe
    ;;
setup)
    # May run again without harm, and at every start
    if [ -n "${VIGIE_SECRET_FILE:-}" ] && [ ! -e "$VIGIE_SECRET_FILE" ]; then
        (umask 077 && python -c 'import secrets; print(secrets.token_urlsafe(48))' >"$VIGIE_SECRET_FILE")
    fi
    if [ -n "${VIGIE_MAKE_BUCKET:-}" ]; then
        python "$(dirname "$0")/make_bucket.py" "$S3_MODEL_BUCKET"
    fi
    # With the secret just made: `doctor` looks at it
    if [ -z "${VIGIE_SECRET:-}" ] && [ -n "${VIGIE_SECRET_FILE:-}" ]; then
        VIGIE_SECRET=$(cat "$VIGIE_SECRET_FILE")
        export VIGIE_SECRET
    fi
    vigie db upgrade
    vigie migrate --to "$VIGIE_MODELS_URL"
    # Models that were put into the store by another catalog
    vigie populate --from "$VIGIE_MODELS_URL"
    exec vigie doctor
    ;;
*)
    exec vigie "$@"
    ;;
esac
