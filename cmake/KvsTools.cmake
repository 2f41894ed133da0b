# `format` rewrites every source file in the project's style; `tidy` runs clang-tidy over them.
file(GLOB_RECURSE KVS_SOURCES CONFIGURE_DEPENDS
     engines/*.cc engines/*.h harness/*.cc harness/*.h results/*.cc results/*.h
     workloads/*.cc workloads/*.h tests/*.cc tests/*.h)

find_program(CLANG_FORMAT NAMES clang-format-14 clang-format)
if(CLANG_FORMAT)
  add_custom_target(format COMMAND ${CLANG_FORMAT} -i ${KVS_SOURCES}
                    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" VERBATIM)
  add_custom_target(format-check COMMAND ${CLANG_FORMAT} --dry-run -Werror ${KVS_SOURCES}
                    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" VERBATIM)
endif()

find_program(RUN_CLANG_TIDY NAMES run-clang-tidy-14 run-clang-tidy)
if(RUN_CLANG_TIDY)
  add_custom_target(tidy COMMAND ${RUN_CLANG_TIDY} -quiet -p "${PROJECT_BINARY_DIR}"
                    "/(engines|harness|results|workloads|tests)/.*\\.cc$"
                    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" VERBATIM)
endif()
