#!/bin/sh
# Makes a virtual environment with Vigie and what it needs, and nothing else.
#
#   deploy/image/install.sh FOLDER                  from the root of a checkout; PYTHON names another interpreter
#   deploy/image/install.sh FOLDER dependencies     the dependencies alone, from requirements/run.txt
#   deploy/image/install.sh FOLDER vigie STAGING    Vigie alone, in a FOLDER with its dependencies; what it adds goes to STAGING
#
# The two steps are layers of the image: a change of the code rebuilds the second one only, a few megabytes.
#
# Every dependency is pinned and compared with its hash; the lock is complete, so nothing is resolved. What never runs
# is left out: tests of the libraries, C sources and debugging symbols (the latter where `strip` is there), and pip itself.
set -eu

target=${1:?FOLDER}
step=${2:-all}
python=${PYTHON:-python3}

pip_install() {
    "$target/.pip/bin/python" -m pip --python "$target/bin/python" install --quiet --no-cache-dir --no-compile \
        --disable-pip-version-check "$@"
}

# pip from a folder of its own, removed at the end
"$python" -m venv "$target/.pip"
trap 'rm -rf "$target/.pip"' EXIT

if [ "$step" != vigie ]; then
    "$python" -m venv --without-pip "$target"
    pip_install --no-deps --require-hashes -r requirements/run.txt
    "$target/.pip/bin/python" -m pip --python "$target/bin/python" check --disable-pip-version-check >&2
    site=$("$target/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    find "$site" -type d -name tests -prune -exec rm -rf {} +
    find "$site" -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' -o -name '*.c' -o -name '*.cpp' \) -delete
    if command -v strip >/dev/null; then
        # Not the libraries in *.libs: their names were changed by hand, and they come stripped
        find "$site" -name '*.so' -not -path '*.libs/*' -exec strip --strip-unneeded {} + 2>/dev/null || true
    fi
    # Compiled once here, since the image is read-only; but for libraries of which only a little is ever loaded
    "$target/bin/python" -m compileall -q -x '/(scipy|sklearn|pygments|optuna|narwhals|pydantic|dns|xlsxwriter)/' "$site" || true
fi

if [ "$step" != dependencies ]; then
    pip_install --no-deps .
    site=$("$target/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    "$target/bin/python" -m compileall -q "$site/vigie"
    "$target/bin/vigie" --version
    staging=${3:-}
    if [ -n "$staging" ]; then
        mkdir -p "$staging/bin" "$staging${site#"$target"}"
        cp -a "$target/bin/vigie" "$staging/bin/"
        cp -a "$site/vigie" "$site"/vigie-*.dist-info "$staging${site#"$target"}/"
    fi
fi
