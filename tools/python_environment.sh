#!/usr/bin/env bash
# Installs a requirements file into a virtual environment of its own, which is made where it is not there yet.
#
# usage: [PYTHON=python3.12] tools/python_environment.sh DIRECTORY REQUIREMENTS LOG DESCRIPTION
#
# pip's own settings (index, find-links, proxy, certificates: PIP_* and pip.conf) decide where packages come from.
# Exit status 1 and one line where it failed; run again, it goes on where it stopped.
set -euo pipefail

directory=${1:?usage: tools/python_environment.sh DIRECTORY REQUIREMENTS LOG DESCRIPTION}
requirements=${2:?a requirements file}
log=${3:?a log file}
description=${4:?what is installed, in words}

fail() { # MESSAGE
  local reason
  reason=$(tail -c "+$((log_start_bytes + 1))" "$log" | grep -E '^ *(ERROR|Error): ' | tail -n 1 | sed -E 's/^ *[A-Za-z]+: //' || true)
  echo "setup: $1: ${reason:-no reason given}; the whole output is in $log" >&2
  exit 1
}

usable() { # PYTHON; the pinned versions ask for 3.11
  "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() { # prints the first usable one
  local candidate
  for candidate in ${PYTHON:-python3 /usr/bin/python3 python3.13 python3.12 python3.11}; do
    if usable "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  echo "setup: no Python 3.11 or newer with the venv module was found (looked at: ${PYTHON:-python3}); name one with PYTHON=..." >&2
  return 1
}

mkdir -p "$(dirname "$log")"
: >>"$log"
log_start_bytes=$(stat -c %s "$log")
if ! "$directory/bin/python" -m pip --version >/dev/null 2>&1; then # not there, or left half made
  python=$(find_python)
  "$python" -m venv --clear "$directory" >>"$log" 2>&1 || fail "could not make a virtual environment in $directory"
fi

# pip takes a package whose installation was broken off for installed; its mark of a finished one is INSTALLER.
for metadata in "$directory"/lib/python3*/site-packages/*.dist-info; do
  [[ -e $metadata/INSTALLER ]] || rm -rf "$metadata"
done

started=$SECONDS
echo "setup: installing $description..."
echo "== $(date '+%F %T') $requirements into $directory" >>"$log"
"$directory/bin/python" -m pip install --progress-bar off --requirement "$requirements" >>"$log" 2>&1 ||
  fail "pip could not install $requirements"
echo "setup: done in $((SECONDS - started)) s"
