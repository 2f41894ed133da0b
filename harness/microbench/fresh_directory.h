// Where a benchmark program keeps its stores.
#ifndef KVS_HARNESS_MICROBENCH_FRESH_DIRECTORY_H_
#define KVS_HARNESS_MICROBENCH_FRESH_DIRECTORY_H_

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace kvs {

// A fresh directory, removed with everything in it at the end.
class FreshDirectory {
 public:
  // Below `parent`, with a name that begins with that of the program. Throws std::system_error.
  FreshDirectory(const std::filesystem::path& parent, const std::string& program)
      : program_(program) {
    std::string pattern = parent / (program + ".XXXXXX");
    if (mkdtemp(pattern.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(), pattern);
    }
    path_ = pattern;
  }
  ~FreshDirectory() {
    std::error_code failure;
    std::filesystem::remove_all(path_, failure);
    if (failure) {
      std::fprintf(stderr, "%s: cannot remove %s: %s\n", program_.c_str(), path_.c_str(),
                   failure.message().c_str());
    }
  }
  FreshDirectory(const FreshDirectory&) = delete;
  FreshDirectory& operator=(const FreshDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  const std::string program_;
  std::filesystem::path path_;
};

}  // namespace kvs

#endif  // KVS_HARNESS_MICROBENCH_FRESH_DIRECTORY_H_
