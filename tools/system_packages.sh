#!/usr/bin/env bash
# Brings the system packages that the build needs.
#
# usage: tools/system_packages.sh LOG
#
# Debian and Ubuntu: what is missing is installed through apt-get, as root or with sudo. Where neither is possible,
# the one line to run is printed and the exit status is 1. Other systems: what is missing is named, exit status 1.
# A tool or header that got there without its package (a compiler in /usr/local, say) counts as present.
set -euo pipefail

log=${1:?usage: tools/system_packages.sh LOG}

# package, and what shows that its content is there: a command, or a header (alternatives separated by |).
readonly kRequirements='
g++                 command c++
cmake               command cmake
ninja-build         command ninja
ccache              command ccache
pkg-config          command pkg-config
python3             command python3
python3-venv        venv    3.11
openmpi-bin         command mpirun
libopenmpi-dev      command mpicc
libtbb-dev          header  tbb/global_control.h
libbenchmark-dev    header  benchmark/benchmark.h
catch2              header  catch2/catch.hpp|catch2/catch_all.hpp
nlohmann-json3-dev  header  nlohmann/json.hpp
libcli11-dev        header  CLI/CLI.hpp
libtomlplusplus-dev header  toml++/toml.h
libfmt-dev          header  fmt/format.h
'

package_installed() { # PACKAGE
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

header_found() { # ALTERNATIVES
  local header
  local -a headers
  IFS='|' read -ra headers <<<"$1"
  for header in "${headers[@]}"; do
    "${CXX:-c++}" -std=c++20 -E -x c++ - <<<"#include <$header>" >/dev/null 2>&1 && return 0
  done
  return 1
}

content_found() { # KIND WHAT
  case $1 in
    command) command -v "$2" >/dev/null ;;
    header) header_found "$2" ;;
    venv) python3 -c "import ensurepip, sys, venv; sys.exit(sys.version_info < (${2/./, }))" 2>/dev/null ;;
  esac
}

# The one line to run is all that such a user gets, so nothing may be printed before this is known.
set_privilege() { # sets `privilege` to the command prefix, or fails
  privilege=(env)
  [[ $(id -u) == 0 ]] && return 0
  command -v sudo >/dev/null || return 1
  privilege=(sudo env)
  sudo -n true 2>/dev/null && return 0
  [[ -t 0 && -t 2 ]] && sudo -v
}

apt() { # ARGUMENTS...; a fresh machine may still hold apt's lock for its own first update
  "${privilege[@]}" DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin" \
    apt-get -y -q -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 </dev/null
}

missing=()
missing_content=()
while read -r package kind what; do
  [[ -n $package ]] || continue
  package_installed "$package" && continue
  content_found "$kind" "$what" && continue
  missing+=("$package")
  missing_content+=("$([[ $kind == venv ]] && echo "python3 (>= $what) with venv" || echo "${what%%|*}")")
done <<<"$kRequirements"
[[ ${#missing[@]} -gt 0 ]] || exit 0

if ! command -v apt-get >/dev/null; then
  list=$(printf ', %s' "${missing_content[@]}")
  echo "setup: missing on this system: ${list:2}. Install what provides them, then run the same command again." >&2
  exit 1
fi

if ! set_privilege; then
  echo "apt-get update && apt-get install -y --no-install-recommends ${missing[*]}  # run as root, then repeat" >&2
  exit 1
fi

mkdir -p "$(dirname "$log")"
: >>"$log"
log_start_bytes=$(stat -c %s "$log")
started=$SECONDS
echo "setup: installing system packages (one to three minutes): ${missing[*]}"
# An update that fails for one foreign source need not matter: the installation decides.
apt update || echo "setup: apt-get update reported errors (see $log); going on with the package lists that are there" >&2
if ! apt install --no-install-recommends "${missing[@]}"; then
  reason=$(tail -c "+$((log_start_bytes + 1))" "$log" | grep '^E: ' | tail -n 1 || true)
  echo "setup: apt-get could not install the packages: ${reason:-no reason given}; the whole output is in $log" >&2
  exit 1
fi
echo "setup: system packages installed in $((SECONDS - started)) s"
