#include "results/costs.h"

#include <algorithm>
#include <cstdint>

#include "results/statistics.h"

namespace kvs {
namespace {

constexpr CostFigure kCostFigures[] = {
    {"user_cpu_ns_per_operation", &Costs::user_cpu_ns_per_operation},
    {"system_cpu_ns_per_operation", &Costs::system_cpu_ns_per_operation},
    {"voluntary_switches_per_operation", &Costs::voluntary_switches_per_operation},
    {"involuntary_switches_per_operation", &Costs::involuntary_switches_per_operation},
    {"minor_faults_per_operation", &Costs::minor_faults_per_operation},
    {"major_faults_per_operation", &Costs::major_faults_per_operation},
    {"call_read_bytes_per_operation", &Costs::call_read_bytes_per_operation},
    {"call_write_bytes_per_operation", &Costs::call_write_bytes_per_operation},
    {"device_read_bytes_per_operation", &Costs::device_read_bytes_per_operation},
    {"device_write_bytes_per_operation", &Costs::device_write_bytes_per_operation},
    {"write_amplification", &Costs::write_amplification},
    {"read_amplification", &Costs::read_amplification},
    {"space_amplification", &Costs::space_amplification},
    {"instructions_per_operation", &Costs::instructions_per_operation},
    {"cycles_per_operation", &Costs::cycles_per_operation},
    {"cache_references_per_operation", &Costs::cache_references_per_operation},
    {"cache_misses_per_operation", &Costs::cache_misses_per_operation},
    {"dtlb_load_misses_per_operation", &Costs::dtlb_load_misses_per_operation},
};

// Nothing where either is not known, or there is nothing to divide by.
std::optional<double> Quotient(std::optional<uint64_t> part, std::optional<uint64_t> whole) {
  if (!part || whole.value_or(0) == 0) return std::nullopt;
  return static_cast<double>(*part) / static_cast<double>(*whole);
}

}  // namespace

std::span<const CostFigure> CostFigures() { return kCostFigures; }

Costs CostsOf(const Trial& trial) {
  if (!trial.Measured() || !trial.costs) return {};
  const TrialCosts& of = *trial.costs;
  const auto each = [&trial](std::optional<uint64_t> total) {
    return Quotient(total, trial.operations);
  };
  const auto operations = static_cast<double>(trial.operations);
  return {
      .user_cpu_ns_per_operation = 1e9 * trial.user_cpu_s / operations,
      .system_cpu_ns_per_operation = 1e9 * trial.system_cpu_s / operations,
      .voluntary_switches_per_operation = each(of.voluntary_switches),
      .involuntary_switches_per_operation = each(of.involuntary_switches),
      .minor_faults_per_operation = each(of.minor_faults),
      .major_faults_per_operation = each(of.major_faults),
      .call_read_bytes_per_operation = each(of.call_read_bytes),
      .call_write_bytes_per_operation = each(of.call_write_bytes),
      .device_read_bytes_per_operation = each(of.device_read_bytes),
      .device_write_bytes_per_operation = each(of.device_write_bytes),
      .write_amplification = Quotient(of.device_write_bytes, of.written_bytes),
      .read_amplification = Quotient(of.device_read_bytes, of.found_bytes),
      .space_amplification = Quotient(trial.directory_bytes, of.live_bytes),
      .instructions_per_operation = each(of.instructions),
      .cycles_per_operation = each(of.cycles),
      .cache_references_per_operation = each(of.cache_references),
      .cache_misses_per_operation = each(of.cache_misses),
      .dtlb_load_misses_per_operation = each(of.dtlb_load_misses),
  };
}

std::optional<CostSummary> SummariseCosts(std::span<const Trial* const> trials) {
  CostSummary summary;
  std::vector<Costs> all;
  for (const Trial* trial : trials) {
    if (!trial->costs) continue;
    all.push_back(CostsOf(*trial));
    for (const std::string& note : trial->costs->notes) {
      if (std::find(summary.notes.begin(), summary.notes.end(), note) == summary.notes.end()) {
        summary.notes.push_back(note);
      }
    }
  }
  if (all.empty()) return std::nullopt;
  for (const CostFigure& figure : kCostFigures) {
    std::vector<double> values;
    for (const Costs& costs : all) {
      if (const std::optional<double>& value = costs.*figure.member) values.push_back(*value);
    }
    if (!values.empty()) summary.medians.*figure.member = Median(values);
  }
  return summary;
}

}  // namespace kvs
