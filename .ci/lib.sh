# Functions of .ci/run and .ci/engines, which source this file.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Everything that a run installs or writes, except servers from apt-get.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_QUIET=1 PIP_DISABLE_PIP_VERSION_CHECK=1 DLT_DATA_DIR="$work/dlt"

# Print the seconds of the previous step and the title of the next one.
step() {
  if [ -n "${title:-}" ]; then
    printf -- '-- %s s: %s\n' "$((SECONDS - started))" "$title"
  fi
  title="$*" started=$SECONDS
  printf '\n== %s\n' "$title"
}

finish() {
  printf -- '-- %s s: %s\n\n== %s s in total: passed\n' "$((SECONDS - started))" "$title" "$SECONDS"
}

# environment NAME REQUIREMENT...: create a virtual environment in $work/NAME.
environment() {
  local name=$1
  shift
  python3 -m venv "$work/$name"
  "$work/$name/bin/python" -m pip install -c constraints.txt "$@"
}

# debian PACKAGE FILE...: install a package from Debian or Ubuntu unless one of the files or commands exists.
debian() {
  local package=$1 found
  shift
  for found in "$@"; do
    if command -v "$found" >/dev/null || [ -e "$found" ]; then return; fi
  done
  local sudo=()
  if [ "$(id -u)" != 0 ]; then sudo=(sudo -n); fi
  if command -v apt-get >/dev/null &&
    { "${sudo[@]}" apt-get -qq update && "${sudo[@]}" apt-get -qq install -y "$package"; } >"$work/apt" 2>&1; then
    return
  fi
  echo "$package can't be installed: its tests are skipped"
}
