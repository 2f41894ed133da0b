// The syntax of properties files, as java.util.Properties defines it.
#ifndef KVS_WORKLOADS_PROPERTIES_FILE_H_
#define KVS_WORKLOADS_PROPERTIES_FILE_H_

#include <string>
#include <string_view>
#include <vector>

namespace kvs {

struct PropertyEntry {
  std::string name;
  std::string value;  // escapes resolved, white space at the end removed
  std::string where;  // "file:line: ", or "-p " for an option: what messages begin with
  // Of an option that says the same in other words, as it was written: "--records 10k".
  std::string option = {};

  // What messages are about: where it stands, and as written.
  std::string Written() const { return option.empty() ? where + name + "=" + value : option; }
};

// Reads the lines of `text` in order: comments (# and !), continued lines, '=', ':' or white space
// between name and value, escapes. Throws SpecError naming `origin` and the line.
std::vector<PropertyEntry> ReadProperties(std::string_view text, std::string_view origin);

// The text of the first comment line of `text`, or nothing when another line comes first.
std::string FirstComment(std::string_view text);

// "name=value" with what ReadProperties would misread escaped, and a line end.
std::string WriteProperty(std::string_view name, std::string_view value);

}  // namespace kvs

#endif  // KVS_WORKLOADS_PROPERTIES_FILE_H_
