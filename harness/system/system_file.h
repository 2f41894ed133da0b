// The small text files in which Linux describes itself (/proc, /sys, /etc/os-release).
//
// Thread safety: every function from any thread. None fails: what cannot be read is empty.
#ifndef KVS_HARNESS_SYSTEM_SYSTEM_FILE_H_
#define KVS_HARNESS_SYSTEM_SYSTEM_FILE_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace kvs {

// The first line of a small system file; "" when there is none.
std::string FirstLine(const std::filesystem::path& path);

// The value of `key` in a file of "key<separator>value" lines, without blanks and quotes around it;
// "" when it has none.
std::string ValueIn(const std::filesystem::path& path, std::string_view key, char separator);

// The whole number that `text` begins with ("24684092 kB"); absent when it begins with none.
std::optional<uint64_t> LeadingNumber(std::string_view text);

// How many CPUs a list such as "0-3,8" names; 0 of an empty one.
unsigned CountCpus(const std::string& list);

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_SYSTEM_FILE_H_
