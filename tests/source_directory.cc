#include "tests/source_directory.h"

namespace kvs {

std::filesystem::path SourceDirectory() { return KVS_SOURCE_DIR; }

}  // namespace kvs
