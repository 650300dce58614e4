# SPDX-License-Identifier: Apache-2.0
# join_sources(TARGET GROUPS SOURCES): the list of that name becomes one of files that hold several
# each (join.sh), for what they include takes much of the time to compile. Which go together does not
# depend on which others there are, so that a new one leaves the compiler cache of the rest alone.
set(JOIN_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/join.sh")
function(join_sources target groups sources)
  foreach(group RANGE 1 ${groups})
    set(joined_${group} "")
    set(depends_${group} "")
  endforeach()
  foreach(source ${${sources}})
    cmake_path(ABSOLUTE_PATH source)
    cmake_path(GET source FILENAME name)
    string(MD5 hash "${name}")
    string(SUBSTRING "${hash}" 0 4 hash)
    math(EXPR group "0x${hash} % ${groups} + 1")
    list(APPEND depends_${group} "${source}")
    # Relative to where the compiler runs, so that the text is the same in every clone.
    file(RELATIVE_PATH source "${CMAKE_BINARY_DIR}" "${source}")
    list(APPEND joined_${group} "${source}")
  endforeach()
  set(result "")
  foreach(group RANGE 1 ${groups})
    if(joined_${group})
      set(file "${CMAKE_CURRENT_BINARY_DIR}/${target}_${group}.cc")
      add_custom_command(OUTPUT "${file}"
        COMMAND bash "${JOIN_SCRIPT}" "${file}" ${joined_${group}}
        DEPENDS "${JOIN_SCRIPT}" ${depends_${group}} WORKING_DIRECTORY "${CMAKE_BINARY_DIR}" VERBATIM)
      list(APPEND result "${file}")
    endif()
  endforeach()
  # Without a target of their own they would wait for the libraries.
  add_custom_target(${target}_joined DEPENDS ${result})
  set(${sources} "${result}" PARENT_SCOPE)
endfunction()
