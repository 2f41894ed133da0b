// What `kvs-bench doctor` is asked for.
#ifndef KVS_HARNESS_DOCTOR_DOCTOR_OPTIONS_H_
#define KVS_HARNESS_DOCTOR_DOCTOR_OPTIONS_H_

#include <filesystem>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace kvs::doctor {

// The values as they were written, "" where not given.
struct RawDoctorOptions {
  bool is_used = false;  // the command is `doctor`
  std::string directory;
  bool json = false;
  bool strict = false;
};

struct DoctorOptions {
  std::optional<std::filesystem::path> directory;  // --dir
  bool json = false;
  bool strict = false;
};

// Adds the command `doctor` to `app`, which must not outlive `raw`.
void DefineDoctorCommand(CLI::App& app, RawDoctorOptions& raw);

DoctorOptions InterpretDoctor(const RawDoctorOptions& raw);

}  // namespace kvs::doctor

#endif  // KVS_HARNESS_DOCTOR_DOCTOR_OPTIONS_H_
