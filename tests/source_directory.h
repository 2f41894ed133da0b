// Where the sources lie, for tests that read documents, stores of earlier versions and recorded
// trials.
#ifndef KVS_TESTS_SOURCE_DIRECTORY_H_
#define KVS_TESTS_SOURCE_DIRECTORY_H_

#include <filesystem>

namespace kvs {

std::filesystem::path SourceDirectory();

}  // namespace kvs

#endif  // KVS_TESTS_SOURCE_DIRECTORY_H_
