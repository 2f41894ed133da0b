// A fresh directory for one test, removed with the object.
#ifndef KVS_TESTS_HARNESS_SCRATCH_DIRECTORY_H_
#define KVS_TESTS_HARNESS_SCRATCH_DIRECTORY_H_

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace kvs::test {

class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = ::testing::TempDir() + "kvs-harness-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace kvs::test

#endif  // KVS_TESTS_HARNESS_SCRATCH_DIRECTORY_H_
