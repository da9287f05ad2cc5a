#!/bin/sh
# Makes the folder that the image is about: a virtual environment with Vigie and what it needs, and nothing else.
#
#   deploy/image/install.sh FOLDER      from the root of a checkout; PYTHON names another interpreter
#
# Every dependency is pinned and compared with its hash; the lock is complete, so nothing is resolved. What never runs
# is left out: tests of the libraries, C sources and debugging symbols (the latter where `strip` is there), and pip itself.
set -eu

target=${1:?FOLDER}
${PYTHON:-python3} -m venv "$target"
"$target/bin/python" -m pip install --quiet --no-cache-dir --no-compile --disable-pip-version-check \
    --no-deps --require-hashes -r requirements/run.txt
"$target/bin/python" -m pip check --disable-pip-version-check >&2
"$target/bin/python" -m pip install --quiet --no-cache-dir --no-compile --disable-pip-version-check --no-deps .
"$target/bin/python" -m pip uninstall --quiet --yes setuptools pip 2>/dev/null || true

site=$("$target/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
find "$site" -type d -name tests -prune -exec rm -rf {} +
find "$site" -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' -o -name '*.c' -o -name '*.cpp' \) -delete
if command -v strip >/dev/null; then
    # Not the libraries in *.libs: their names were changed by hand, and they come stripped
    find "$site" -name '*.so' -not -path '*.libs/*' -exec strip --strip-unneeded {} + 2>/dev/null || true
fi
# Compiled once here, since the image is read-only; but for libraries of which only a little is ever loaded
"$target/bin/python" -m compileall -q -x '/(scipy|sklearn|pygments|optuna|narwhals|pydantic|dns|xlsxwriter)/' "$site" || true
"$target/bin/vigie" --version
