// `kvs-bench doctor`: is this machine fit to measure on, and what would make it so?
#ifndef KVS_HARNESS_DOCTOR_DOCTOR_COMMAND_H_
#define KVS_HARNESS_DOCTOR_DOCTOR_COMMAND_H_

#include <filesystem>
#include <string>

#include "harness/doctor/doctor_options.h"
#include "harness/exit_code.h"
#include "harness/system/machine_facts.h"
#include "results/model.h"

namespace kvs::doctor {

// Examines the machine and prints its findings to standard output. Writes a small file in the
// directory and removes it. Throws UsageError when the directory is none or cannot be written.
ExitCode RunDoctor(const DoctorOptions& options);

// A line for each finding, below a bad one what to do, and a line that counts them.
std::string ReportAsText(const MachineReport& report);

// The same for programs, with the facts of `facts` that a result keeps, of `directory`.
std::string ReportAsJson(const MachineReport& report, const MachineFacts& facts,
                         const std::filesystem::path& directory);

}  // namespace kvs::doctor

#endif  // KVS_HARNESS_DOCTOR_DOCTOR_COMMAND_H_
