#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A check that cannot fail checks nothing: every rule of tools/check_layers.sh meets a violation here.
set -euo pipefail

check=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/tools/check_layers.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tree="$scratch/a tree" # the blank is part of the test
passed=0
failed=0

# Writes a line of a source file of the tree.
put() { mkdir -p "$tree/$(dirname "$1")" && printf '%s\n' "$2" >>"$tree/$1"; }

plant_clean_tree() {
  put CMakeLists.txt 'project(x)'
  put README.md '# x'
  put .gitignore '/build/'
  put kernels/gemm.h '#include <cstdint>'
  put kernels/gemm.cc '#include "kernels/gemm.h"'
  put kernels/gemm.cc '#include <atomic>'
  put kernels/gemm.cc '#include "hwy/foreach_target.h"'
  put kernels/gemm.cc '// no throw, no new thing; #include <thread>'
  put kernels/gemm.cc 'int F() noexcept { return 1'"'"'000; } /* throw'
  put kernels/gemm.cc '#include <mutex> */ const char* s = "throw new";'
  put kernels/targets.h '#include <vector>'
  put kernels/gemm-inl.h '#include <hwy/highway.h>'
  put engine/include/colonnade/model.h '#include <vector>'
  put engine/include/colonnade/colonnade.h '#include "colonnade/model.h"'
  put engine/runtime/execution.cc '#include <tbb/parallel_for.h>'
  put engine/runtime/execution.cc 'void F() { tbb::parallel_for(); }'
  put engine/runtime/file.cc '#include <fcntl.h>'
  put engine/data/csv.cc '#include "engine/runtime/file.h"'
  put engine/model/model.cc '#include "kernels/gemm.h"'
  put engine/model/model.cc '#include "colonnade/model.h"'
  put engine/model/model.cc '#include "engine/data/csv.h"'
  put engine/train/trainer.cc '#include "engine/model/model.h"'
  put engine/train/trainer.cc '#include <xxhash.h>'
  put cli/main.cc '#include <CLI/CLI.hpp>'
  put cli/main.cc '#include "cli/output.h"'
  put cli/main.cc '#include "colonnade/colonnade.h"'
  put tests/kernels/gemm_test.cc '#include "tests/support/matrix.h"'
  put tests/kernels/gemm_test.cc '#include "bench/cases.h"'
  put tests/kernels/gemm_test.cc '#include "engine/runtime/file.h"'
  put bench/gemm_bench.cc '#include "hwy/highway.h"'
  put tools/digits.cc '#include "tools/digits.h"'
  put build/release/kernels/broken.cc '#include <thread>'
}

clean_tree() { rm -rf "$tree" && cp -R "$scratch/clean" "$tree"; }

report() { # WHAT OK OUTPUT
  if [ "$2" = yes ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED: %s\n%s\n' "$1" "$3"
  fi
}

run_check() {
  status=0
  output=$("$check" --root "$tree" 2>&1) || status=$?
}

expect_clean() { # WHAT
  local ok=no
  run_check
  [ "$status" -ne 0 ] || ok=yes
  report "$1: expected clean" "$ok" "$output"
}

# One line too much in one file: that line, and nothing else, must be reported.
expect_caught() { # FILE LINE WORDS-OF-THE-RULE
  local ok=no line
  clean_tree
  put "$1" "$2"
  line=$(wc -l <"$tree/$1" | tr -d ' ')
  run_check
  case $output in
    *$'\n'*) ;; # more than the one violation
    "$1:$line: "*"$3"*) [ "$status" -ne 1 ] || ok=yes ;;
  esac
  report "$1 with $2: expected $1:$line: ...$3... alone and status 1, got status $status" "$ok" "$output"
}

plant_clean_tree
cp -R "$tree" "$scratch/clean"
expect_clean 'the clean tree'
put data/x.csv 1
expect_clean 'a tree with data'

# kernels
for header in thread mutex condition_variable future fstream iostream filesystem stdexcept \
  memory vector string new; do
  expect_caught kernels/gemm.cc "#include <$header>" 'no threads, files'
done
expect_caught kernels/gemm.cc '#include <tbb/parallel_for.h>' 'only kernels/'
expect_caught kernels/gemm.cc '#include "engine/runtime/file.h"' 'only kernels/'
expect_caught kernels/gemm.cc '#include "colonnade/model.h"' 'only kernels/'
expect_caught kernels/gemm.cc '#include "cli/output.h"' 'only kernels/'
expect_caught kernels/gemm.cc '#include <fcntl.h>' 'only kernels/'
expect_caught kernels/gemm.cc '  #  include <fcntl.h>  // why' 'only kernels/'
expect_caught kernels/gemm.h '#include "hwy/highway.h"' 'a kernel interface'
expect_caught kernels/targets.h '#include <memory>' 'no threads, files'
expect_caught kernels/deep/er.cc '#include <thread>' 'no threads, files'
expect_caught kernels/gemm.cc 'void F() { throw 1; }' 'neither throw nor catch'
expect_caught kernels/gemm.cc 'int* p = new int[3];' 'allocate nothing'
expect_caught kernels/gemm.cc 'void* p = std::malloc(3);' 'allocate nothing'

# engine
expect_caught engine/model/model.cc '#include "hwy/highway.h"' 'SIMD is in kernels/'
expect_caught engine/model/model.cc 'hwy::float16_t x;' 'SIMD is in kernels/'
expect_caught engine/model/model.cc '#include "cli/output.h"' 'nothing of its users'
expect_caught engine/model/model.cc '#include "tools/digits.h"' 'nothing of its users'
expect_caught engine/model/model.cc '#include <tbb/parallel_for.h>' 'may include oneTBB'
expect_caught engine/runtime/file.cc '#include <oneapi/tbb/info.h>' 'may include oneTBB'
expect_caught engine/runtime/file.cc 'namespace tbb { class x; } ::tbb::x* p;' 'may name oneTBB'
expect_caught engine/runtime/file.cc '#include "engine/data/csv.h"' 'the direction is'
expect_caught engine/runtime/execution.cc '#include "engine/train/trainer.h"' 'the direction is'
expect_caught engine/data/csv.cc '#include "engine/model/model.h"' 'the direction is'
expect_caught engine/data/csv.cc '#include "engine/train/trainer.h"' 'the direction is'
expect_caught engine/model/model.cc '#include "engine/train/trainer.h"' 'the direction is'
expect_caught engine/model/model.cc '#include "engine/other/x.h"' 'no such room'
expect_caught engine/other/x.cc '' 'no room other'

# public headers
expect_caught engine/include/colonnade/model.h '#include "hwy/highway.h"' 'a public header includes'
expect_caught engine/include/colonnade/model.h '#include <tbb/task_arena.h>' 'a public header includes'
expect_caught engine/include/colonnade/model.h '#include "kernels/gemm.h"' 'a public header includes'
expect_caught engine/include/colonnade/model.h '#include "engine/data/csv.h"' 'a public header includes'
expect_caught engine/include/colonnade/model.h '#include <fmt/format.h>' 'a public header includes'
expect_caught engine/include/colonnade/model.h '#include "colonnade/colonnade.h"' 'the umbrella'
expect_caught engine/include/colonnade/colonnade.h '#include "kernels/gemm.h"' 'a public header includes'
expect_caught engine/include/colonnade/model.h 'void F(tbb::task_arena&);' 'may name oneTBB'

# cli
expect_caught cli/main.cc '#include "kernels/gemm.h"' 'through colonnade/ alone'
expect_caught cli/main.cc '#include "engine/data/csv.h"' 'through colonnade/ alone'
expect_caught cli/main.cc '#include "hwy/highway.h"' 'through colonnade/ alone'
expect_caught cli/main.cc '#include <tbb/task_arena.h>' 'through colonnade/ alone'

# everywhere
for file in kernels/gemm.cc engine/data/csv.cc engine/include/colonnade/model.h cli/main.cc \
  tools/digits.cc bench/gemm_bench.cc; do
  expect_caught "$file" '#include "tests/support/matrix.h"' 'only tests include'
done
for file in kernels/gemm.cc engine/data/csv.cc cli/main.cc tools/digits.cc; do
  expect_caught "$file" '#include "bench/cases.h"' 'only bench and tests include'
done
expect_caught cli/main.cc '#include "output.h"' 'from the root of the repository'
expect_caught engine/data/csv.cc '#include "../model/model.h"' 'from the root of the repository'
expect_caught engine/data/csv.cc '#include "engine/data/../model/model.h"' 'from the root of the repository'
expect_caught engine/data/csv.cc '#include "engine/include/colonnade/model.h"' 'public headers are'
expect_caught engine/data/csv.cc '/* a */ #include "engine/model/model.h"' 'the direction is'

# top level
expect_caught notes.txt 'x' 'the top level has no place'
expect_caught kernel 'x' 'the top level has no place'

# In a git work tree ignored files do not count, files about to be added do.
if command -v git >/dev/null; then
  clean_tree
  put .gitignore '/junk/'
  put junk/x.txt 'x'
  git -C "$tree" init -q
  expect_clean 'a work tree with ignored files'
  put notes.txt 'x'
  run_check
  ok=no
  [ "$status" -ne 1 ] || [ "$output" != 'notes.txt:1: the top level has no place for this' ] || ok=yes
  report 'an untracked file in a work tree' "$ok" "$output"
fi

# Nothing to check is no success.
rm -rf "$tree" && mkdir "$tree"
run_check
ok=no
[ "$status" -ne 2 ] || ok=yes
report 'an empty tree: expected status 2' "$ok" "$output"

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
