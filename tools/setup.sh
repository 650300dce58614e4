#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the compiler, the build tools and the libraries that Colonnade needs.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/setup.sh [--checks] [--peers]

Installs what Colonnade needs to build and test: Debian 12 or later and Ubuntu 24.04 or later by apt.
Elsewhere it says what to install. Where nothing is missing it changes nothing and needs no network.

  --checks   also what .ci/run needs: clang, clang-format, clang-tidy and the sanitizers' runtime;
             and ccache, with which a second build takes seconds. A newer clang-tidy goes into
             build/clang-tidy by pip, if it can be had; until then each call tries
  --peers    also what the benchmarks compare with: OpenBLAS and oneDNN
  --help     this text

Exit status: 0 everything is there, 1 something is missing, 2 wrong usage.
USAGE
}

packages=(g++ cmake ninja-build pkg-config libtbb-dev libgtest-dev libgmock-dev libbenchmark-dev
  libcli11-dev libfmt-dev nlohmann-json3-dev libtomlplusplus-dev libxxhash-dev libfast-float-dev librandom123-dev
  zlib1g-dev libzstd-dev libbz2-dev liblzma-dev liblz4-dev libutf8proc-dev curl ca-certificates)
# One version everywhere, because formatting and warnings differ between versions.
checks_packages=(ccache clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev python3-venv)
checks_fallback=(ccache clang clang-format clang-tidy python3-venv)
# By pip, for it is newer than the system's, and leaves out the headers of others, most of the time.
tidy_version=23.1.4
peers_packages=(libopenblas-dev libdnnl-dev)
highway_minimum=1.2
trixie=/etc/apt/sources.list.d/colonnade-trixie.sources
trixie_pin=/etc/apt/preferences.d/colonnade-trixie
scratch=

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

highway_found() { pkg-config --atleast-version="$highway_minimum" libhwy 2>/dev/null; }

# Prints those of the packages that dpkg does not have installed.
missing_packages() {
  # dpkg-query also fails when only one of the names is unknown; what it printed counts.
  { dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || :; } |
    awk -v wanted="$*" '
      $1 == "installed" { have[$2] = 1 }
      END { n = split(wanted, p, " "); for (i = 1; i <= n; i++) if (!(p[i] in have)) print p[i] }'
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Quiet unless it fails. The exit status is apt-get's.
apt_get() {
  local status=0
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@" \
    >"$scratch/log" 2>&1 </dev/null || status=$?
  return "$status"
}

apt_update() {
  local try
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
    fail "packages are missing, and there is no sudo: run this script as root"
  for try in 1 2 3; do
    apt_get update && return
    sleep "$try" # mirrors are now and then caught in the middle of a change
  done
  # Perhaps only a source that matters to nothing here: the installation shows it.
  tail -n 3 "$scratch/log" >&2
  say "apt-get update failed; going on with the lists that apt has"
}

apt_install() {
  # After a failure once more with fresh lists: a listed version may just have been replaced.
  apt_get install --no-install-recommends "$@" ||
    { apt_update && apt_get install --no-install-recommends "$@"; } ||
    { cat "$scratch/log" >&2 && fail "apt-get install failed: $*"; }
  say "installed $*"
}

write_as_root() { as_root tee "$1" >/dev/null; }

candidate_version() { apt-cache policy "$1" | awk '$1 == "Candidate:" { print $2 }'; }

# Debian 12's own Highway is too old. The one of Debian 13 needs nothing newer than Debian 12 has;
# the pin keeps everything else of Debian 13 out.
add_trixie_for_highway() {
  local mirror
  # shellcheck disable=SC2016 # these are apt's fields
  mirror=$(apt-get indextargets --format '$(REPO_URI)|$(CODENAME)|$(LABEL)' 'Created-By: Packages' |
    awk -F'|' '$2 == "bookworm" && $3 == "Debian" { print $1; exit }')
  [ -n "$mirror" ] || fail "apt has no Debian 12 archive to derive Debian 13's from"
  write_as_root "$trixie_pin" <<'PIN'
Package: *
Pin: release n=trixie
Pin-Priority: -1

Package: libhwy-dev libhwy1t64
Pin: release n=trixie
Pin-Priority: 990
PIN
  write_as_root "$trixie" <<SOURCE
Types: deb
URIs: $mirror
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCE
  say "added Debian 13 to apt, for Highway alone ($trixie, $trixie_pin)"
  apt_update
}

install_by_apt() {
  local missing=() updated=
  mapfile -t missing < <(missing_packages "${packages[@]}")
  if [ -n "$checks" ]; then
    local missing_checks=()
    mapfile -t missing_checks < <(missing_packages "${checks_packages[@]}")
    if [ "${#missing_checks[@]}" -gt 0 ]; then
      apt_update && updated=yes
      if ! apt-cache show "${checks_packages[@]}" >/dev/null 2>&1; then
        mapfile -t missing_checks < <(missing_packages "${checks_fallback[@]}")
      fi
      missing+=("${missing_checks[@]}")
    fi
  fi
  if [ "${#missing[@]}" -gt 0 ]; then
    [ -n "$updated" ] || { apt_update && updated=yes; }
    apt_install "${missing[@]}"
  fi
  highway_found && return
  [ -n "$updated" ] || apt_update
  if [ "$ID $VERSION_ID" = "debian 12" ] &&
    dpkg --compare-versions "$(candidate_version libhwy-dev)" lt "$highway_minimum"; then
    # An old image's keyring may not know Debian 13 yet.
    apt_install debian-archive-keyring
    add_trixie_for_highway
  fi
  apt_install libhwy-dev
  highway_found || fail "this system's Highway is older than $highway_minimum:" \
    "install a newer one from its sources (pkg-config must find libhwy.pc)"
}

# Into a folder of its own, where check_tidy.sh looks first.
install_tidy() {
  local venv version
  venv=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/clang-tidy
  version=$("$venv/bin/clang-tidy" --version 2>/dev/null || :)
  [[ $version != *"version $tidy_version"* ]] || return 0
  if {
    python3 -m venv --clear "$venv" && "$venv/bin/pip" -q --disable-pip-version-check \
      --retries 1 --timeout 10 install "clang-tidy==$tidy_version"
  } >"$scratch/log" 2>&1; then
    say "installed clang-tidy $tidy_version in build/clang-tidy"
  else
    rm -rf "$venv"
    tail -n 1 "$scratch/log" >&2
    say "clang-tidy $tidy_version cannot be had by pip; the system's takes more than twice the time"
  fi
}

# Any other system: nothing is installed, only looked for.
look_for_everything() {
  local tool header missing=()
  for tool in cmake ninja pkg-config curl; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  if [ -n "$checks" ]; then
    for tool in clang++ clang-format clang-tidy; do
      command -v "$tool-19" >/dev/null || command -v "$tool" >/dev/null || missing+=("$tool")
    done
  fi
  highway_found || missing+=("Highway >= $highway_minimum")
  [ -z "$peers" ] || pkg-config --exists openblas 2>/dev/null || missing+=("OpenBLAS (openblas.pc)")
  if command -v "${CXX:-c++}" >/dev/null; then
    local include=()
    ! command -v brew >/dev/null || include=(-I "$(brew --prefix)/include")
    for header in tbb/version.h gtest/gtest.h gmock/gmock.h benchmark/benchmark.h CLI/CLI.hpp \
      fmt/format.h nlohmann/json.hpp toml++/toml.h xxhash.h fast_float/fast_float.h Random123/philox.h \
      zlib.h zstd.h bzlib.h lzma.h lz4frame.h iconv.h \
      ${peers:+oneapi/dnnl/dnnl.hpp}; do
      printf '#if !__has_include(<%s>)\n#error missing\n#endif\n' "$header" |
        "${CXX:-c++}" "${include[@]+"${include[@]}"}" -x c++ -E - >/dev/null 2>&1 ||
        missing+=("<$header>")
    done
  else
    missing+=("a C++20 compiler")
  fi
  [ "${#missing[@]}" -gt 0 ] || return 0
  {
    printf 'setup: this system is not one that this script can install on. Not found:\n'
    printf '  %s\n' "${missing[@]}"
    printf '%s\n' "Needed: g++ >= 12 or clang >= 16, CMake, Ninja, pkg-config, curl, oneTBB >= 2021.8," \
      "Highway >= $highway_minimum, GoogleTest, Google Benchmark, CLI11, {fmt}, nlohmann-json, toml++," \
      "xxHash, fast_float, Random123, zlib, zstd, bzip2, liblzma, lz4, iconv; for --checks also clang," \
      "clang-format and clang-tidy (19), ccache if you like; for --peers OpenBLAS and oneDNN."
  } >&2
  exit 1
}

checks=
peers=
for argument in "$@"; do
  case $argument in
    --checks) checks=yes && packages+=(git) ;;
    --peers) peers=yes && packages+=("${peers_packages[@]}") ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
done

ID=unknown VERSION_ID=0
# shellcheck source=/dev/null
[ ! -r /etc/os-release ] || . /etc/os-release
case "$ID $VERSION_ID" in # Debian's testing and unstable have no VERSION_ID
  "debian 1"[2-9] | "debian 0" | "ubuntu 2"[4-9].* | "ubuntu "[3-9]?.*)
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    install_by_apt
    [ -z "$checks" ] || install_tidy
    ;;
  *) look_for_everything ;;
esac
say "everything is there"
