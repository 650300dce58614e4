# SPDX-License-Identifier: Apache-2.0
# Several sources compiled as one, for what they include takes much of the time.

# Which of `groups` (0, 1, …) a name belongs to. It does not depend on which other names there are, so
# that a new file leaves the others where they are, and the compiler cache of them alone.
function(colonnade_group name groups result)
  string(MD5 hash "${name}")
  string(SUBSTRING "${hash}" 0 2 hash)
  math(EXPR group "0x${hash} % ${groups}")
  set(${result} ${group} PARENT_SCOPE)
endfunction()

# Replaces the sources that the list `sources` has by at most `groups` that hold several each (join.sh),
# for the target of that name. With KERNELS: kernels of the SIMD targets, and nothing else.
function(colonnade_join target groups sources)
  set(join_flags "")
  if("KERNELS" IN_LIST ARGN)
    set(join_flags --kernels)
  endif()
  foreach(source ${${sources}})
    cmake_path(ABSOLUTE_PATH source)
    cmake_path(GET source FILENAME name)
    colonnade_group("${target}_${name}" ${groups} group)
    list(APPEND depends_${group} "${source}")
    if(CMAKE_GENERATOR MATCHES "Ninja") # relative to where the compiler runs: the same text in every clone
      file(RELATIVE_PATH source "${CMAKE_BINARY_DIR}" "${source}")
    endif()
    list(APPEND joined_${group} "${source}")
    list(APPEND used ${group})
  endforeach()
  list(REMOVE_DUPLICATES used)
  list(SORT used COMPARE NATURAL)
  set(result "")
  foreach(group ${used})
    set(file "${CMAKE_CURRENT_BINARY_DIR}/${target}_${group}.cc")
    add_custom_command(OUTPUT "${file}"
      COMMAND sh "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/join.sh" ${join_flags} "${file}" ${joined_${group}}
      DEPENDS "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/join.sh" ${depends_${group}}
      WORKING_DIRECTORY "${CMAKE_BINARY_DIR}" VERBATIM)
    list(APPEND result "${file}")
  endforeach()
  set(${sources} "${result}" PARENT_SCOPE)
endfunction()
