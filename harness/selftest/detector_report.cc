#include "harness/selftest/detector_report.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "results/model_json.h"

namespace kvs::detector {
namespace {

constexpr double kMostFalse = 0.02;
constexpr double kLeastFound = 0.90;
constexpr double kLossToFind = 0.05;

constexpr std::string_view kNothing = "-";

struct TextTable {
  std::string title;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

std::string AsMarkdown(const TextTable& table) {
  std::string text = fmt::format("**{}**\n\n", table.title);
  const auto add = [&text](const std::vector<std::string>& row) {
    for (const std::string& field : row) text += fmt::format("| {} ", field);
    text += "|\n";
  };
  add(table.header);
  for (size_t i = 0; i < table.header.size(); ++i) text += i < 2 ? "|---" : "|--:";
  text += "|\n";
  for (const std::vector<std::string>& row : table.rows) add(row);
  return text + "\n";
}

std::string AsText(const TextTable& table) {
  std::vector<size_t> widths;
  for (const std::string& field : table.header) widths.push_back(field.size());
  for (const std::vector<std::string>& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text = fmt::format("{}\n", table.title);
  const auto add = [&](const std::vector<std::string>& row) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += i < 2 ? fmt::format("{:<{}}  ", row[i], widths[i])
                    : fmt::format("{:>{}}  ", row[i], widths[i]);
    }
    text += fmt::format("  {}\n", line.substr(0, line.find_last_not_of(' ') + 1));
  };
  add(table.header);
  for (const std::vector<std::string>& row : table.rows) add(row);
  return text + "\n";
}

std::string Percent(double share) {
  const double percent = 100 * share;
  return fmt::format("{:.{}f}%", percent, percent == 0 || percent >= 99.95 ? 0 : 1);
}

std::string ShareText(size_t count, size_t comparisons) {
  if (comparisons == 0) return std::string(kNothing);
  return Percent(static_cast<double>(count) / static_cast<double>(comparisons));
}

// "97.4% [95.6 - 98.6]"
std::string ShareWithInterval(size_t count, size_t comparisons) {
  if (comparisons == 0) return std::string(kNothing);
  const Interval interval = ShareInterval(count, comparisons);
  return fmt::format("{} [{:.1f} - {:.1f}]", ShareText(count, comparisons), 100 * interval.low,
                     100 * interval.high);
}

// "4 of 4 [39.8 - 100.0%]"
std::string CountWithInterval(size_t count, size_t comparisons) {
  if (comparisons == 0) return std::string(kNothing);
  const Interval interval = ShareInterval(count, comparisons);
  return fmt::format("{} of {} [{:.1f} - {:.1f}%]", count, comparisons, 100 * interval.low,
                     100 * interval.high);
}

std::string Change(double change) { return fmt::format("{:+.1f}%", 100 * change); }

std::string ChangeOf(const ArmTruth& truth) {
  std::string text = Change(truth.throughput_change);
  if (!truth.interval) return text;
  return text +
         fmt::format(" [{:+.1f} - {:+.1f}]", 100 * truth.interval->low, 100 * truth.interval->high);
}

// What was injected, in words.
std::string Injected(std::string_view arm) {
  const DetectorArm& injected = *FindDetectorArm(arm);
  if (injected.loss > 0) return fmt::format("-{:g}%", 100 * injected.loss);
  if (injected.has_tail) return "tail";
  if (injected.has_lock) return "lock";
  return "nothing";
}

bool IsSame(std::string_view arm) { return arm == kSame; }

std::string Minutes(double minutes) {
  return fmt::format("{:g} minute{}", minutes, minutes == 1 ? "" : "s");
}

std::string_view Words(Method method) {
  switch (method) {
    case Method::kCompare:
      return "kvs-bench compare";
    case Method::kUTest:
      return "compare.py, U test";
    case Method::kMeanRatio:
      return "means, 10%";
    case Method::kSingleRatio:
      break;
  }
  return "one run each, 10%";
}

constexpr Method kMethods[] = {Method::kCompare, Method::kUTest, Method::kMeanRatio,
                               Method::kSingleRatio};

// Cells and their changes, in the order of the report.
std::vector<std::string> CellsOf(const DetectorReport& report) {
  std::vector<std::string> cells;
  for (const ArmTruth& truth : report.truths) {
    if (cells.empty() || cells.back() != truth.cell) cells.push_back(truth.cell);
  }
  return cells;
}

// What the row is for: an alarm where nothing changed is false; the loss of throughput is to be
// found in the throughput, and the others in any figure.
size_t Alarms(const DetectorRow& row, const Tally& tally) {
  if (IsSame(row.arm)) return tally.false_verdicts;
  return FindDetectorArm(row.arm)->loss > 0 ? tally.throughput_found : tally.any_found;
}

TextTable VerdictTable(const DetectorReport& report) {
  TextTable table{
      .title = fmt::format("`kvs-bench compare`, {} a cell, {} drawn comparisons each",
                           Minutes(report.rules.main_minutes), report.rules.draws),
      .header = {"cell", "injected", "throughput, all blocks", "throughput REGRESSED",
                 "any REGRESSED", "false verdict", "throughput OK", "undecided", "untrusted"},
      .rows = {}};
  for (const ArmTruth& truth : report.truths) {
    const DetectorRow* const row = report.Find(truth.cell, truth.arm, Order::kInterleaved,
                                               Method::kCompare, report.rules.main_minutes);
    const Tally& tally = *row->drawn;
    const size_t all = tally.comparisons;
    std::vector<std::string> fields = {truth.cell, Injected(truth.arm), ChangeOf(truth)};
    fields.push_back(ShareWithInterval(tally.throughput_found, all));
    fields.push_back(ShareText(tally.any_found, all));
    fields.push_back(ShareWithInterval(tally.false_verdicts, all));
    const bool is_loss = FindDetectorArm(truth.arm)->loss > 0;
    fields.push_back(is_loss ? ShareText(tally.said_ok, all) : std::string(kNothing));
    fields.push_back(ShareText(tally.undecided, all));
    fields.push_back(ShareText(tally.untrusted, all));
    table.rows.push_back(std::move(fields));
  }
  return table;
}

TextTable DisjointTable(const DetectorReport& report) {
  TextTable table{
      .title = fmt::format("The same of consecutive blocks, each block in one comparison"),
      .header = {"cell", "injected"},
      .rows = {}};
  for (const double minutes : report.rules.minutes) {
    table.header.push_back(fmt::format("alarms, {}", Minutes(minutes)));
  }
  for (const ArmTruth& truth : report.truths) {
    std::vector<std::string> fields = {truth.cell, Injected(truth.arm)};
    for (const double minutes : report.rules.minutes) {
      const DetectorRow* const row =
          report.Find(truth.cell, truth.arm, Order::kInterleaved, Method::kCompare, minutes);
      fields.push_back(CountWithInterval(Alarms(*row, row->disjoint), row->disjoint.comparisons));
    }
    table.rows.push_back(std::move(fields));
  }
  return table;
}

TextTable LengthTable(const DetectorReport& report) {
  TextTable table{.title = "`kvs-bench compare` by the length of a comparison: alarms",
                  .header = {"cell", "injected"},
                  .rows = {}};
  for (const double minutes : report.rules.minutes) table.header.push_back(Minutes(minutes));
  for (const ArmTruth& truth : report.truths) {
    std::vector<std::string> fields = {truth.cell, Injected(truth.arm)};
    for (const double minutes : report.rules.minutes) {
      const DetectorRow* const row =
          report.Find(truth.cell, truth.arm, Order::kInterleaved, Method::kCompare, minutes);
      fields.push_back(ShareText(Alarms(*row, *row->drawn), row->drawn->comparisons));
    }
    table.rows.push_back(std::move(fields));
  }
  return table;
}

// A column for each change that some cell has.
std::vector<std::string> AllArms(const DetectorReport& report) {
  std::vector<std::string> arms;
  for (const DetectorArm& arm : kDetectorArms) {
    const bool is_there = std::any_of(report.truths.begin(), report.truths.end(),
                                      [&](const ArmTruth& truth) { return truth.arm == arm.name; });
    if (is_there) arms.emplace_back(arm.name);
  }
  return arms;
}

TextTable RivalTable(const DetectorReport& report) {
  TextTable table{.title = fmt::format("Beside others, on the same trials ({}): alarms",
                                       Minutes(report.rules.main_minutes)),
                  .header = {"cell", "method"},
                  .rows = {}};
  const std::vector<std::string> arms = AllArms(report);
  for (const std::string& arm : arms) table.header.push_back(Injected(arm));
  for (const std::string& cell : CellsOf(report)) {
    for (const Method method : kMethods) {
      std::vector<std::string> fields = {cell, std::string(Words(method))};
      for (const std::string& arm : arms) {
        const DetectorRow* const row =
            report.Find(cell, arm, Order::kInterleaved, method, report.rules.main_minutes);
        fields.push_back(row == nullptr
                             ? std::string(kNothing)
                             : ShareText(Alarms(*row, *row->drawn), row->drawn->comparisons));
      }
      table.rows.push_back(std::move(fields));
    }
  }
  return table;
}

TextTable SequentialTable(const DetectorReport& report) {
  size_t trials = 0;
  std::vector<std::string> arms;
  for (const DetectorRow& row : report.rows) {
    if (row.order != Order::kSequential) continue;
    trials = row.trials;
    if (std::find(arms.begin(), arms.end(), row.arm) == arms.end()) arms.push_back(row.arm);
  }
  TextTable table{.title = fmt::format("{} trials of each arm: one arm after the other, or "
                                       "interleaved in blocks: alarms",
                                       trials),
                  .header = {"cell", "order and method"},
                  .rows = {}};
  for (const std::string& arm : arms) table.header.push_back(Injected(arm));
  for (const std::string& cell : CellsOf(report)) {
    for (const Order order : {Order::kSequential, Order::kInterleaved}) {
      for (const Method method : kMethods) {
        std::vector<std::string> fields = {cell,
                                           fmt::format("{}: {}", ToString(order), Words(method))};
        for (const std::string& arm : arms) {
          const DetectorRow* const row = report.Find(cell, arm, order, method, std::nullopt);
          if (row == nullptr) {
            fields.emplace_back(kNothing);
            continue;
          }
          fields.push_back(
              CountWithInterval(Alarms(*row, row->disjoint), row->disjoint.comparisons));
        }
        table.rows.push_back(std::move(fields));
      }
    }
  }
  return table;
}

std::string_view ToString(Aim::State state) {
  switch (state) {
    case Aim::State::kKept:
      return "kept";
    case Aim::State::kMissed:
      return "MISSED";
    case Aim::State::kUnknown:
      break;
  }
  return "cannot be told";
}

std::string AimText(const Aim& aim) {
  const std::string share = aim.share ? fmt::format("{} [{:.1f} - {:.1f}]", Percent(*aim.share),
                                                    100 * aim.interval.low, 100 * aim.interval.high)
                                      : std::string(kNothing);
  return fmt::format("{}: {}: {}, aim: {} {}: {}", aim.cell, aim.what, share,
                     aim.is_most ? "at most" : "at least", Percent(aim.limit), ToString(aim.state));
}

Json ToJson(const Tally& tally) {
  const auto share = [&](size_t count) {
    Json object = {{"count", count}};
    if (tally.comparisons > 0) {
      const Interval interval = ShareInterval(count, tally.comparisons);
      object["share"] = static_cast<double>(count) / static_cast<double>(tally.comparisons);
      object["low"] = interval.low;
      object["high"] = interval.high;
    }
    return object;
  };
  return {
      {"comparisons", tally.comparisons},    {"throughput_found", share(tally.throughput_found)},
      {"any_found", share(tally.any_found)}, {"false_verdicts", share(tally.false_verdicts)},
      {"said_ok", share(tally.said_ok)},     {"undecided", share(tally.undecided)},
      {"untrusted", share(tally.untrusted)}};
}

// The comparisons of `cell` and `arm` by which aims are judged.
const Tally& AimedAt(const DetectorReport& report, const std::string& cell, std::string_view arm) {
  return *report.Find(cell, arm, Order::kInterleaved, Method::kCompare, report.rules.main_minutes)
              ->drawn;
}

Aim AimOfFalseVerdicts(const DetectorReport& report, const std::string& cell) {
  Aim aim{.cell = cell,
          .what = "false verdicts where nothing changed",
          .is_most = true,
          .limit = kMostFalse};
  const Tally& tally = AimedAt(report, cell, kSame);
  if (tally.comparisons == 0) return aim;
  aim.share = static_cast<double>(tally.false_verdicts) / static_cast<double>(tally.comparisons);
  aim.interval = ShareInterval(tally.false_verdicts, tally.comparisons);
  return aim;
}

// What comparisons found of an arm, by what it really lost.
struct Finding {
  double loss = 0;
  double share = 0;
  Interval interval;
};

// Of the arm that is the same and of those that lose throughput, the least loss first.
std::vector<Finding> FindingsOf(const DetectorReport& report, const std::string& cell) {
  std::vector<Finding> findings;
  for (const ArmTruth& truth : report.truths) {
    if (truth.cell != cell || (!IsSame(truth.arm) && FindDetectorArm(truth.arm)->loss == 0))
      continue;
    const Tally& tally = AimedAt(report, cell, truth.arm);
    if (tally.comparisons == 0) continue;
    findings.push_back({.loss = -truth.throughput_change,
                        .share = static_cast<double>(tally.throughput_found) /
                                 static_cast<double>(tally.comparisons),
                        .interval = ShareInterval(tally.throughput_found, tally.comparisons)});
  }
  std::sort(findings.begin(), findings.end(),
            [](const Finding& a, const Finding& b) { return a.loss < b.loss; });
  return findings;
}

Aim AimOfFinding(const DetectorReport& report, const std::string& cell) {
  Aim aim{.cell = cell,
          .what = "comparisons that find 5% less throughput",
          .is_most = false,
          .limit = kLeastFound};
  const std::vector<Finding> findings = FindingsOf(report, cell);
  const auto more = std::find_if(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.loss >= kLossToFind;
  });
  if (more == findings.begin() || more == findings.end()) return aim;
  const auto less = more - 1;
  const double at = (kLossToFind - less->loss) / (more->loss - less->loss);
  aim.what +=
      fmt::format(" (between those of {} and {})", Change(-less->loss), Change(-more->loss));
  aim.share = std::lerp(less->share, more->share, at);
  aim.interval = {std::lerp(less->interval.low, more->interval.low, at),
                  std::lerp(less->interval.high, more->interval.high, at)};
  return aim;
}

void Judge(Aim& aim) {
  if (!aim.share) return;
  const auto is_within = [&](double share) {
    return aim.is_most ? share <= aim.limit : share >= aim.limit;
  };
  const bool low_is = is_within(aim.interval.low);
  const bool high_is = is_within(aim.interval.high);
  if (low_is && high_is) aim.state = Aim::State::kKept;
  if (!low_is && !high_is) aim.state = Aim::State::kMissed;
}

}  // namespace

std::vector<Aim> JudgeAims(const DetectorReport& report) {
  std::vector<Aim> aims;
  for (const std::string& cell : CellsOf(report)) {
    for (Aim aim : {AimOfFalseVerdicts(report, cell), AimOfFinding(report, cell)}) {
      Judge(aim);
      aims.push_back(std::move(aim));
    }
  }
  return aims;
}

std::string ReportAsText(const DetectorReport& report, Layout layout) {
  const bool is_markdown = layout == Layout::kMarkdown;
  std::string text = fmt::format("{} blocks of each cell, {} sequential runs, seed {}.\n",
                                 report.blocks, report.runs, report.rules.seed);
  for (const auto& [name, value] : report.origin) {
    const bool is_needed = name == "started" || name == "cpu" || name == "cpus" ||
                           name == "kernel" || name == "version" || name.starts_with("cell ");
    if (is_needed) text += fmt::format("{}{}: {}\n", is_markdown ? "- " : "", name, value);
  }
  text += "\n";
  for (const Aim& aim : JudgeAims(report)) {
    text += fmt::format("{}{}\n", is_markdown ? "- " : "", AimText(aim));
  }
  text += "\n";
  std::vector<TextTable> tables = {VerdictTable(report), LengthTable(report), DisjointTable(report),
                                   RivalTable(report)};
  if (report.runs > 0) tables.push_back(SequentialTable(report));
  for (const TextTable& table : tables) text += is_markdown ? AsMarkdown(table) : AsText(table);
  text.pop_back();  // the empty line after the last
  return text;
}

std::string ReportAsJson(const DetectorReport& report) {
  Json object = {{"kvs_bench_selftest", "detector"},
                 {"version", KVS_VERSION},
                 {"blocks", report.blocks},
                 {"runs", report.runs},
                 {"seed", report.rules.seed},
                 {"draws", report.rules.draws},
                 {"main_minutes", report.rules.main_minutes},
                 {"confidence", kShareConfidence}};
  object["origin"] = Json::object();
  for (const auto& [name, value] : report.origin) object["origin"][name] = value;
  object["aims"] = Json::array();
  for (const Aim& aim : JudgeAims(report)) {
    Json judged = {{"cell", aim.cell},
                   {"what", aim.what},
                   {"limit", aim.limit},
                   {"limit_is", aim.is_most ? "most" : "least"},
                   {"state", ToString(aim.state)}};
    if (aim.share) {
      judged["share"] = *aim.share;
      judged["low"] = aim.interval.low;
      judged["high"] = aim.interval.high;
    }
    object["aims"].push_back(std::move(judged));
  }
  object["changes"] = Json::array();
  for (const ArmTruth& truth : report.truths) {
    Json change = {{"cell", truth.cell},
                   {"arm", truth.arm},
                   {"loss", FindDetectorArm(truth.arm)->loss},
                   {"blocks", truth.blocks},
                   {"throughput_change", truth.throughput_change}};
    if (truth.interval) {
      change["interval"] = {{"low", truth.interval->low}, {"high", truth.interval->high}};
    }
    object["changes"].push_back(std::move(change));
  }
  object["rates"] = Json::array();
  for (const DetectorRow& row : report.rows) {
    Json rate = {{"cell", row.cell},
                 {"arm", row.arm},
                 {"loss", FindDetectorArm(row.arm)->loss},
                 {"order", ToString(row.order)},
                 {"method", ToString(row.method)},
                 {"trials", row.trials}};
    if (row.minutes) rate["minutes"] = *row.minutes;
    if (row.drawn) rate["drawn"] = ToJson(*row.drawn);
    rate["disjoint"] = ToJson(row.disjoint);
    object["rates"].push_back(std::move(rate));
  }
  return object.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

ExitCode ExitCodeOf(const DetectorReport& report) {
  const std::vector<Aim> aims = JudgeAims(report);
  const auto any = [&aims](Aim::State state) {
    return std::any_of(aims.begin(), aims.end(),
                       [state](const Aim& aim) { return aim.state == state; });
  };
  if (any(Aim::State::kMissed)) return ExitCode::kRegression;
  if (any(Aim::State::kUnknown)) return ExitCode::kInconclusive;
  return ExitCode::kOk;
}

}  // namespace kvs::detector
