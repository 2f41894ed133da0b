// A machine laid out in a directory: its own /proc, /sys and /etc.
#ifndef KVS_TESTS_HARNESS_SYSTEM_FAKE_SYSTEM_H_
#define KVS_TESTS_HARNESS_SYSTEM_FAKE_SYSTEM_H_

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/harness/scratch_directory.h"

namespace kvs::test {

class FakeSystem {
 public:
  // `path` is relative: "proc/loadavg". What is above it is made.
  void Write(const std::filesystem::path& path, std::string_view text) {
    std::filesystem::create_directories((root() / path).parent_path());
    std::ofstream(root() / path) << text << '\n';
  }

  const std::filesystem::path& root() const { return scratch_.path(); }

 private:
  ScratchDirectory scratch_;
};

}  // namespace kvs::test

#endif  // KVS_TESTS_HARNESS_SYSTEM_FAKE_SYSTEM_H_
