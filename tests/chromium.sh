#!/usr/bin/env bash
# Installs Debian's Chromium where there is none, for the tests that walk through the pages (marked `browser`).
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >&2
apt-get install -y -qq --no-install-recommends chromium fonts-inter >&2
