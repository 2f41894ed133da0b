#include "results/result_file.h"

#include <fmt/format.h>

#include <cassert>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>
#include <vector>

#include "results/atomic_file.h"
#include "results/model_json.h"

namespace kvs {
namespace {

constexpr int kIndent = 1;
constexpr int kTrialDepth = 3;  // within kvs_bench, and trials
// Where the trials belong. What else has this name lies deeper, and has more spaces before it.
constexpr std::string_view kNoTrials = "\n  \"trials\": []";

std::string Dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// nlohmann's message without its own number: "[json.exception.parse_error.101] parse error at ...".
std::string ParseProblem(const Json::parse_error& error, std::string_view text) {
  std::string_view what = error.what();
  if (const size_t bracket = what.find("] "); bracket != what.npos) what.remove_prefix(bracket + 2);
  const bool cut_short = error.byte > text.size();
  return fmt::format("{}{}", cut_short ? "the file is cut short: " : "", what);
}

// Parses strictly: nlohmann alone keeps one of two members with the same name.
Json ParseJson(std::string_view text) {
  std::vector<std::set<std::string>> open_objects;
  return Json::parse(text, [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) open_objects.emplace_back();
    if (event == Json::parse_event_t::object_end) open_objects.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto name = parsed.get<std::string>();
      if (!open_objects.back().insert(name).second) {
        throw JsonError("", fmt::format("the member '{}' occurs twice in one object", name));
      }
    }
    return true;
  });
}

[[noreturn]] void FailAt(std::string_view origin, const JsonError& error) {
  const std::string where = error.pointer().empty() ? "" : fmt::format("at {}: ", error.pointer());
  throw ResultFileError(fmt::format("{}: {}{}", origin, where, error.what()));
}

template <typename T>
T Parse(std::string_view text, std::string_view origin) {
  try {
    T value;
    FromJson(ParseJson(text), value);
    return value;
  } catch (const Json::parse_error& error) {
    throw ResultFileError(fmt::format("{}: {}", origin, ParseProblem(error, text)));
  } catch (const JsonError& error) {
    FailAt(origin, error);
  }
}

// `text`, of a value dumped with kIndent, as it is `depth` values deep in a file. (A line break
// within a string is dumped as an escape.)
void AppendIndented(std::string_view text, int depth, std::string& to) {
  for (const char c : text) {
    to += c;
    if (c == '\n') to.append(static_cast<size_t>(depth * kIndent), ' ');
  }
}

std::string ReadWholeFile(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    throw ResultFileError(fmt::format("{}: is a directory", path.string()));
  }
  std::ifstream file(path, std::ios::binary);
  const int open_error = errno;
  if (!file) {
    throw ResultFileError(
        fmt::format("{}: opening: {}", path.string(), std::generic_category().message(open_error)));
  }
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) throw ResultFileError(fmt::format("{}: reading failed", path.string()));
  return text;
}

}  // namespace

std::string RunWriter::Text(const Run& run, std::string_view origin) {
  assert(count_ <= run.trials.size());
  try {
    const std::string line_break = "\n" + std::string(kTrialDepth * kIndent, ' ');
    for (; count_ < run.trials.size(); ++count_) {
      const Json trial = ToJson(run.trials[count_], fmt::format("/kvs_bench/trials/{}", count_));
      trials_ += (count_ == 0 ? "" : ",") + line_break;
      AppendIndented(Dump(trial, kIndent), kTrialDepth, trials_);
    }
    std::string text = Dump(ToJsonWithoutTrials(run), kIndent) + "\n";
    if (count_ == 0) return text;
    const size_t array_end = text.find(kNoTrials) + kNoTrials.size() - 1;
    return text.insert(array_end, trials_ + "\n  ");
  } catch (const JsonError& error) {
    FailAt(origin, error);
  }
}

void RunWriter::Write(const Run& run, const std::filesystem::path& path,
                      const std::function<void(const std::filesystem::path&)>& before_rename) {
  const std::string text = Text(run, path.string());
  try {
    WriteFileAtomically(path, text, before_rename);
  } catch (const AtomicFileError& error) {
    throw ResultFileError(error.what());
  }
}

void WriteRun(const Run& run, const std::filesystem::path& path) { RunWriter().Write(run, path); }

Run ReadRun(const std::filesystem::path& path) {
  return RunFromJson(ReadWholeFile(path), path.string());
}

std::string RunToJson(const Run& run) { return RunWriter().Text(run, "the result"); }

Run RunFromJson(std::string_view text, std::string_view origin) { return Parse<Run>(text, origin); }

std::string TrialToJson(const Trial& trial) {
  try {
    return Dump(ToJson(trial, ""), -1) + "\n";
  } catch (const JsonError& error) {
    FailAt("the trial", error);
  }
}

Trial TrialFromJson(std::string_view text, std::string_view origin) {
  return Parse<Trial>(text, origin);
}

}  // namespace kvs
