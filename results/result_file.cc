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

template <typename T>
std::string Format(const T& value, int indent, std::string_view origin) {
  try {
    return Dump(ToJson(value), indent) + "\n";
  } catch (const JsonError& error) {
    FailAt(origin, error);
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

void WriteRun(const Run& run, const std::filesystem::path& path) {
  const std::string text = Format(run, kIndent, path.string());
  try {
    WriteFileAtomically(path, text);
  } catch (const std::runtime_error& error) {
    throw ResultFileError(error.what());
  }
}

Run ReadRun(const std::filesystem::path& path) {
  return RunFromJson(ReadWholeFile(path), path.string());
}

std::string RunToJson(const Run& run) { return Format(run, kIndent, "the result"); }

Run RunFromJson(std::string_view text, std::string_view origin) { return Parse<Run>(text, origin); }

std::string TrialToJson(const Trial& trial) { return Format(trial, -1, "the trial"); }

Trial TrialFromJson(std::string_view text, std::string_view origin) {
  return Parse<Trial>(text, origin);
}

}  // namespace kvs
