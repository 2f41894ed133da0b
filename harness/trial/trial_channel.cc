#include "harness/trial/trial_channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>

#include <fmt/format.h>

namespace kvs {
namespace {

constexpr std::string_view kProgressPrefix = "progress ";

}  // namespace

std::string FormatPhaseReport(const PhaseReport& report) {
  return fmt::format("{}{} {:.4f} {}", kProgressPrefix, report.phase, report.fraction_done,
                     report.operations);
}

std::optional<PhaseReport> ParsePhaseReport(const std::string& line) {
  if (!line.starts_with(kProgressPrefix)) return std::nullopt;
  std::istringstream words(line.substr(kProgressPrefix.size()));
  PhaseReport report;
  if (!(words >> report.phase >> report.fraction_done >> report.operations)) return std::nullopt;
  return report;
}

TrialChannel::~TrialChannel() { close(fd_); }

bool TrialChannel::SendLine(std::string_view line) {
  std::string text(line);
  if (!text.ends_with('\n')) text += '\n';
  size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t n = send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

void TrialChannel::HangUp() { shutdown(fd_, SHUT_RDWR); }

std::optional<std::string> TrialChannel::ReadLine() {
  for (;;) {
    if (std::optional<std::string> line = TakeLine()) return line;
    std::array<char, 4096> chunk;
    const ssize_t n = recv(fd_, chunk.data(), chunk.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    buffer_.append(chunk.data(), static_cast<size_t>(n));
  }
}

bool TrialChannel::ReceiveAvailable() {
  for (;;) {
    std::array<char, 4096> chunk;
    const ssize_t n = recv(fd_, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    if (n == 0) return false;
    buffer_.append(chunk.data(), static_cast<size_t>(n));
  }
}

std::optional<std::string> TrialChannel::TakeLine() {
  const size_t end = buffer_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

}  // namespace kvs
