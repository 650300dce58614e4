#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone to a trained and tested network.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/quickstart.sh

Installs what is missing, builds the program with this machine's SIMD instructions, fetches MNIST,
trains a network on it and tests it. tools/build.sh makes a program that is fast on every machine.
Where MNIST cannot be had, it takes synthetic digits instead and says so.

  --help   this text

Exit status: 0 done, 2 wrong usage, anything else: the status of the step that failed.
USAGE
}

[ $# -eq 0 ] || {
  case $1 in
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
bin=build/native/bin

tools/build.sh --preset native --target colonnade_cli --target synthetic_digits

status=0
COLONNADE="$bin/colonnade" tools/mnist.sh || status=$?
case $status in
  0)
    what='MNIST' train=data/mnist_train.csv test=data/mnist_test.csv model=data/mnist.safetensors
    ;;
  3)
    what='SYNTHETIC digits, not MNIST: MNIST could not be fetched'
    train=data/digits_train.csv test=data/digits_test.csv model=data/digits.safetensors
    printf '\nquickstart: going on with %s\n' "$what"
    mkdir -p data
    "$bin/synthetic_digits" --examples 60000 --seed 1 "$train"
    "$bin/synthetic_digits" --examples 10000 --seed 2 "$test"
    ;;
  *) exit "$status" ;;
esac

printf '\n$ colonnade train %s --test %s -o %s\n' "$train" "$test" "$model"
"$bin/colonnade" train "$train" --test "$test" -o "$model"
printf '\n$ colonnade evaluate %s %s\n' "$model" "$test"
evaluation=$("$bin/colonnade" evaluate "$model" "$test")
printf '%s\n' "$evaluation"

accuracy=$(printf '%s\n' "$evaluation" | grep -i -m 1 accuracy)
cat <<DONE

data      $what
test      $accuracy
model     $model
in        $root
next      $bin/colonnade inspect $model
          $bin/colonnade predict $model $test | head
          $bin/colonnade train $train --test $test --hidden 256,128 --epochs 20
          $bin/colonnade --help
DONE
