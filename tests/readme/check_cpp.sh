#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compiles the C++ of README.md, each ```cpp block as the body of a function, after prelude.h.
# usage: check_cpp.sh README COMPILER INCLUDE_DIR
set -euo pipefail
readme=$1 compiler=$2 include=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Includes go to the top of the file, everything else keeps its line number for messages.
awk -v name="$readme" -v out="$work/blocks.cc" '
  !inside && /^```(cpp|c\+\+)$/ { inside = 1; blocks++; body = body sprintf("void Block%d() {\n#line %d \"%s\"\n", blocks, NR + 1, name); next }
  inside && /^```$/ { inside = 0; body = body "}\n"; next }
  inside && /^#include/ { includes = includes $0 "\n"; body = body "\n"; next }
  inside { body = body $0 "\n" }
  END {
    if (inside) { print name ": a block that does not end" > "/dev/stderr"; exit 1 }
    if (!blocks) { print name ": no C++ found" > "/dev/stderr"; exit 1 }
    printf "%s#include \"prelude.h\"\n%s", includes, body > out
    print blocks " blocks of C++"
  }' "$readme"
"$compiler" -std=c++20 -fsyntax-only -Wall -Wextra -Werror -Wno-unused -Wno-unused-but-set-variable \
  -I "$here" -I "$include" "$work/blocks.cc"
