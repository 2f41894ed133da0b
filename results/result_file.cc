#include "results/result_file.h"

#include <fmt/format.h>

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

// A line break, and the spaces before what is `depth` values deep.
std::string NewLine(int depth) {
  return "\n" + std::string(static_cast<size_t>(depth * kIndent), ' ');
}

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
        throw JsonError(fmt::format("the member '{}' occurs twice in one object", name));
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

// A trial as it stands in the array of a file. (A line break within a string is dumped as an
// escape.)
std::string ElementText(const Trial& trial) {
  const std::string line_break = NewLine(kTrialDepth);
  std::string text = line_break;
  for (const char c : Dump(ToJson(trial), kIndent)) {
    if (c == '\n') {
      text += line_break;
    } else {
      text += c;
    }
  }
  return text;
}

// Where in the text of a run without trials they belong. What else has the name of the array lies
// deeper, and has more spaces before it.
size_t PlaceOfTrials(std::string_view text) {
  const std::string array = NewLine(kTrialDepth - 1) + "\"trials\": []";
  const size_t found = text.find(array);
  if (found == text.npos) throw std::logic_error("a run has no array of trials");
  return found + array.size() - 1;
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
  if (count_ > run.trials.size()) throw std::logic_error("a run has lost trials");
  try {
    InMember("kvs_bench", [&] { InMember("trials", [&] { AddNewTrials(run.trials); }); });
    std::string text = Dump(ToJsonWithoutTrials(run), kIndent) + "\n";
    if (count_ == 0) return text;
    return text.insert(PlaceOfTrials(text), trials_ + NewLine(kTrialDepth - 1));
  } catch (const JsonError& error) {
    FailAt(origin, error);
  }
}

void RunWriter::AddNewTrials(const std::vector<Trial>& trials) {
  for (; count_ < trials.size(); ++count_) {
    const std::string text =
        InMember(std::to_string(count_), [&] { return ElementText(trials[count_]); });
    if (count_ > 0) trials_ += ',';
    trials_ += text;
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
    return Dump(ToJson(trial), -1) + "\n";
  } catch (const JsonError& error) {
    FailAt("the trial", error);
  }
}

Trial TrialFromJson(std::string_view text, std::string_view origin) {
  return Parse<Trial>(text, origin);
}

}  // namespace kvs
