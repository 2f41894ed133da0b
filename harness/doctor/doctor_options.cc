#include "harness/doctor/doctor_options.h"

#include "harness/options/option_group.h"

namespace kvs::doctor {
namespace {

constexpr const char* kExamples = R"(Examples:
  kvs-bench doctor
  kvs-bench doctor --dir /mnt/disk
  kvs-bench doctor --strict && kvs-bench --out run.json
      measures only where nothing is wrong
  kvs-bench doctor --json

Of each thing it says ok, warn (figures are doubtful, or vary more than they need), fail (figures or
promises that depend on it mean nothing) or unknown (the system does not tell), and what to do.

Exit codes: 0 it was examined, 2 usage, 4 a directory that cannot be written, or with --strict a warn
or a fail.)";

}  // namespace

void DefineDoctorCommand(CLI::App& app, RawDoctorOptions& raw) {
  CLI::App& command = *app.add_subcommand(
      "doctor", "examines the machine, the build and the place of the data before figures do");
  command.callback([&raw] { raw.is_used = true; });
  command.allow_extras();
  command.footer(kExamples);
  OptionGroup what(command, "What is examined");
  what.AddOne("--dir", "DIR", raw.directory,
              "where the data shall lie; a small file is written in it for a moment (default: "
              "where a run would make ./kvs-bench-data)");
  OptionGroup output(command, "Output");
  output.AddFlag("--json", raw.json, "for programs");
  output.AddFlag("--strict", raw.strict, "end with exit code 4 when there is a warn or a fail");
}

DoctorOptions InterpretDoctor(const RawDoctorOptions& raw) {
  DoctorOptions options;
  if (!raw.directory.empty()) options.directory = raw.directory;
  options.json = raw.json;
  options.strict = raw.strict;
  return options;
}

}  // namespace kvs::doctor
