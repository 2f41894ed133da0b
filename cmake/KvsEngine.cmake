# kvs_add_engine(<name> <source>... [HEADER <header> LIBRARY <library> PACKAGE <debian package>])
#
# Adds one engine to kvs-bench. <name> is what users write after --engine. One of the sources
# defines `const EngineDefinition k<Name>Engine` (the name capitalised: lmdb -> kLmdbEngine) in
# namespace kvs. With HEADER, LIBRARY and PACKAGE the engine is left out, with a message, when the
# library is missing; `kvs-bench list` then says which package brings it.
function(kvs_add_engine name)
  cmake_parse_arguments(ARG "" "HEADER;LIBRARY;PACKAGE" "" ${ARGN})
  if(ARG_LIBRARY)
    find_path(KVS_${name}_INCLUDE_DIR ${ARG_HEADER})
    find_library(KVS_${name}_LIBRARY ${ARG_LIBRARY})
    if(NOT KVS_${name}_INCLUDE_DIR OR NOT KVS_${name}_LIBRARY)
      message(STATUS "Engine ${name} is left out: ${ARG_HEADER} or lib${ARG_LIBRARY} is missing. "
                     "To have it: apt-get install ${ARG_PACKAGE}")
      set_property(GLOBAL APPEND PROPERTY KVS_ENGINES_MISSING "${name}=${ARG_PACKAGE}")
      return()
    endif()
    target_include_directories(kvs_engines SYSTEM PRIVATE ${KVS_${name}_INCLUDE_DIR})
    target_link_libraries(kvs_engines PRIVATE ${KVS_${name}_LIBRARY})
  endif()
  target_sources(kvs_engines PRIVATE ${ARG_UNPARSED_ARGUMENTS})
  kvs_compile_alone(${ARG_UNPARSED_ARGUMENTS})
  set_property(GLOBAL APPEND PROPERTY KVS_ENGINES ${name})
endfunction()

# Writes the table that registry.cc reads. Called once, after the last kvs_add_engine.
function(kvs_write_engine_table)
  get_property(engines GLOBAL PROPERTY KVS_ENGINES)
  get_property(missing GLOBAL PROPERTY KVS_ENGINES_MISSING)
  set(declarations "")
  set(rows "")
  foreach(name IN LISTS engines)
    string(SUBSTRING ${name} 0 1 first)
    string(TOUPPER ${first} first)
    string(SUBSTRING ${name} 1 -1 rest)
    string(APPEND declarations "extern const EngineDefinition k${first}${rest}Engine;\n")
    string(APPEND rows "    &k${first}${rest}Engine,\n")
  endforeach()
  set(missing_rows "")
  foreach(entry IN LISTS missing)
    string(REPLACE "=" "\", \"" entry "${entry}")
    string(APPEND missing_rows "    {\"${entry}\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/engine_table.inc" @ONLY CONTENT
"// Written by cmake/KvsEngine.cmake from the kvs_add_engine() lines.
namespace kvs {
@declarations@
namespace {
constexpr const EngineDefinition* kEngineTable[] = {
@rows@};
const std::vector<MissingEngine> kMissingTable = {
@missing_rows@};
}  // namespace
}  // namespace kvs
")
endfunction()
