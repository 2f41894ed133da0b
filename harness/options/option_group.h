// Options of the command line that stand together in the help.
#ifndef KVS_HARNESS_OPTIONS_OPTION_GROUP_H_
#define KVS_HARNESS_OPTIONS_OPTION_GROUP_H_

#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace kvs {

// `type` is what the help writes for the value.
class OptionGroup {
 public:
  OptionGroup(CLI::App& app, std::string title) : app_(app), title_(std::move(title)) {}

  void AddList(const std::string& name, const std::string& type, std::vector<std::string>& target,
               const std::string& help) {
    app_.add_option(name, target, help)
        ->allow_extra_args(false)
        ->take_all()
        ->type_name(type)
        ->group(title_);
  }

  // An option with one value; given twice, the last one counts, so that a script can append.
  void AddOne(const std::string& name, const std::string& type, std::string& target,
              const std::string& help) {
    app_.add_option(name, target, help)
        ->take_last()
        ->check([](const std::string& value) { return value.empty() ? "is empty" : ""; })
        ->type_name(type)
        ->group(title_);
  }

  // A flag that may have a value, after '='; without one `target` becomes "true".
  void AddFlagOrValue(const std::string& name, std::string& target, const std::string& help) {
    app_.add_flag(name, target, help)->take_last()->group(title_);
  }

  void AddFlag(const std::string& name, bool& target, const std::string& help) {
    app_.add_flag(name, target, help)->group(title_);
  }

 private:
  CLI::App& app_;
  const std::string title_;
};

}  // namespace kvs

#endif  // KVS_HARNESS_OPTIONS_OPTION_GROUP_H_
