# How every target is compiled. Release is -O2 without -march=native, like the libraries it is
# measured against; hot paths dispatch at run time.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")

add_library(kvs_compile INTERFACE)
target_include_directories(kvs_compile INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}")
# -ffp-contract=off: the operation streams are the same on every machine, fused multiply-add or not.
target_compile_options(kvs_compile INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                             -ffp-contract=off -fno-omit-frame-pointer)
if(KVS_WARNINGS_AS_ERRORS)
  target_compile_options(kvs_compile INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(kvs_compile INTERFACE -Wthread-safety)
else()  # g++ frees memory of its own for a tenth of its time, unless it may have more: this many KiB
  target_compile_options(kvs_compile INTERFACE --param=ggc-min-heapsize=524288)
endif()
if(KVS_SANITIZER)
  target_compile_options(kvs_compile INTERFACE -fsanitize=${KVS_SANITIZER}
                                               -fno-sanitize-recover=all)
  target_link_options(kvs_compile INTERFACE -fsanitize=${KVS_SANITIZER})
  if(KVS_SANITIZER MATCHES "undefined")
    # A seventh of the time to compile. A null pointer that is used ends the program all the same.
    # What is not aligned is looked for in the engines and workloads, which alone lay out bytes: that is
    # another sixth.
    target_compile_options(kvs_compile INTERFACE -fno-sanitize=null,vptr
                           $<$<NOT:$<IN_LIST:$<TARGET_PROPERTY:NAME>,kvs_engines;kvs_workloads>>:-fno-sanitize=alignment>)
  endif()
  if(KVS_SANITIZER MATCHES "address")
    # Or half a million addresses are relocated at each start: a quarter of what a short run costs.
    target_link_options(kvs_compile INTERFACE -no-pie)
  endif()
endif()
if(KVS_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "KVS_FUZZ needs clang: cmake --preset fuzz")
  endif()
  target_compile_options(kvs_compile INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_compile_definitions(kvs_compile INTERFACE KVS_VERSION="${PROJECT_VERSION}"
                                                 KVS_SANITIZER="${KVS_SANITIZER}"
                                                 KVS_BUILD_TYPE="${CMAKE_BUILD_TYPE}")

# For code whose speed does not matter: not optimised in builds that measure nothing, where it takes
# longer to optimise than to run. (With clang; g++ is as fast with -O1.)
add_library(kvs_unhurried INTERFACE)
if(KVS_SANITIZER AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(kvs_unhurried INTERFACE -O0)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths below the base are cached as relative ones, so that what one checkout compiled serves all
  # others; debug information has to name them alike for that. What has to be compiled is not
  # preprocessed before, only to be looked up: the compiler itself names the headers afterwards.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
      CCACHE_DEPEND=1 "${CCACHE}")
  target_compile_options(kvs_compile INTERFACE "-fdebug-prefix-map=${PROJECT_SOURCE_DIR}=.")
endif()

# kvs_library(<name> SOURCES ... [LINK ...]): one static library per folder.
function(kvs_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC kvs_compile ${ARG_LINK})
endfunction()

# kvs_compile_together(<target>...): compiles up to 24 of a target's sources as one, in half the
# time. Not in debug builds: there a changed source should be compiled alone, and a missing #include
# be noticed.
function(kvs_compile_together)
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    set_target_properties(${ARGN} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 24)
  endif()
endfunction()

# kvs_compile_alone(<source>...): keeps sources of this directory out of that, because they have things of
# their own under names that others have as well, or because what stands beside them must not change
# their machine code.
function(kvs_compile_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
