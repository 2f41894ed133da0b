#include "harness/verify/property_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/system/clock.h"

namespace kvs::verify {

WaitEnd WaitFor(VerifyProcess& process, const ProgressMemory& progress, CheckContext& context,
                uint64_t step_us, const std::function<bool()>& reached) {
  uint64_t pulse = progress->Pulse();
  uint64_t pulse_ns = NowNs();
  for (;;) {
    if (reached()) return WaitEnd::kReached;
    if (process.WaitForEnd(step_us, context.stop.fd())) return WaitEnd::kEnded;
    if (context.stop.Count() > 0) return WaitEnd::kStopped;
    const uint64_t now_ns = NowNs();
    if (const uint64_t now = progress->Pulse(); now != pulse) {
      pulse = now;
      pulse_ns = now_ns;
    }
    if (static_cast<double>(now_ns - pulse_ns) > context.options.timeout_s * 1e9) {
      return WaitEnd::kHung;
    }
  }
}

std::string DescribeFailure(WaitEnd end, const std::string& ending, const std::string& last_words,
                            double timeout_s) {
  std::string text = end == WaitEnd::kHung
                         ? fmt::format("hung: nothing happened for {:g} s (--timeout)", timeout_s)
                         : ending;
  if (text.empty()) text = "ended by itself";
  if (!last_words.empty()) text += fmt::format("; last words: {}", last_words);
  return text;
}

CheckResult CheckLinearizability(CheckContext& context) {
  VerifyPlan plan = context.plan;
  plan.role = VerifyPlan::Role::kHistory;
  plan.operations = context.options.operations;
  plan.rounds = context.options.rounds;
  const ProgressMemory progress;
  VerifyProcess process(plan, progress);

  constexpr uint64_t kStepUs = 100'000;
  WaitEnd end = WaitFor(process, progress, context, kStepUs, [&] {
    context.show_progress(progress->steps, plan.rounds, "rounds");
    return false;
  });
  CheckResult result;
  if (end == WaitEnd::kStopped) {
    // The round under way is finished and checked, unless it takes long.
    progress->stop = true;
    constexpr uint64_t kGraceUs = 10'000'000;
    if (!process.WaitForEnd(kGraceUs, -1)) process.Kill();
    result.verdict = CheckResult::Verdict::kInterrupted;
    result.summary = "interrupted";
    end = WaitEnd::kEnded;
    if (!process.ending().empty()) return result;
  }
  if (end == WaitEnd::kHung || !process.ending().empty()) {
    result.verdict = CheckResult::Verdict::kViolated;
    result.summary = "the engine failed";
    result.explanation = fmt::format(
        "  {}\n",
        DescribeFailure(end, process.ending(), process.LastWords(), context.options.timeout_s));
    result.evidence = {{"what", result.explanation}};
    process.Kill();
    return result;
  }

  const nlohmann::json report = nlohmann::json::parse(process.Report());
  const auto operations = report.at("operations").get<uint64_t>();
  result.summary = fmt::format(
      "{} operations by {} thread{} on {} keys in {} rounds ({:.0f}% overlap another), {} times "
      "closed and opened again, checked in {:.2f} s",
      operations, plan.threads, plan.threads == 1 ? "" : "s", plan.keys,
      report.at("rounds").get<uint64_t>(),
      100.0 * static_cast<double>(report.at("overlapping").get<uint64_t>()) /
          static_cast<double>(std::max<uint64_t>(operations, 1)),
      report.at("reopens").get<uint64_t>(), report.at("check_s").get<double>());
  if (report.contains("violation")) {
    result.verdict = CheckResult::Verdict::kViolated;
    result.explanation = fmt::format("  {}\n{}", report["violation"]["what"].get<std::string>(),
                                     report["violation"]["drawing"].get<std::string>());
    result.evidence = report["violation"];
  }
  return result;
}

}  // namespace kvs::verify
