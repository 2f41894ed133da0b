#include "tests/engines/contract/child_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace kvs::contract {
namespace {

constexpr uint64_t kKeys = 97;
constexpr unsigned kNobody = 65534;

[[noreturn]] void Fail(std::string_view what) {
  throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

// One write() per line, so that what the parent reads was said before any kill.
void Say(const std::string& text) {
  const std::string line = text + '\n';
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    Fail("write to the parent");
  }
}

void BecomeNobody() {
  if (::geteuid() != 0) return;  // no rights to drop
  if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
      ::setresuid(kNobody, kNobody, kNobody) != 0) {
    Fail("drop root's rights");
  }
}

int OpenAndSay(const Case& c, const std::filesystem::path& directory, bool hold) {
  const auto error = ErrorOf([&] {
    const auto handle = c.Open(directory);
    Say("opened");
    while (hold) ::pause();
  });
  if (error) Say(fmt::format("error {} {}", static_cast<int>(error->kind()), error->what()));
  return 0;
}

int WriteUntilKilled(const Case& c, const std::filesystem::path& directory, uint64_t first) {
  const auto handle = c.Open(directory);
  const EngineCapabilities capabilities = c.Capabilities();
  for (uint64_t number = first;; ++number) {
    const NumberedWrite write = WriteNumber(number, capabilities);
    if (write.value) {
      handle->Set(write.key, *write.value);
    } else {
      handle->Remove(write.key);
    }
    Say(std::to_string(number));
  }
}

}  // namespace

NumberedWrite WriteNumber(uint64_t number, const EngineCapabilities& capabilities) {
  std::string key = std::to_string(number * 31 % kKeys);
  if (key.size() < capabilities.min_key_bytes) key.resize(capabilities.min_key_bytes, ' ');
  if (number % 7 == 3) return {.key = std::move(key), .value = std::nullopt};
  return {.key = std::move(key), .value = ValueFor(number, 2000)};
}

ChildProcess::ChildProcess(std::string_view role, const Case& c,
                           const std::filesystem::path& directory, uint64_t first) {
  std::vector<std::string> arguments = {"kvs-contract",     std::string(kChildFlag),
                                        std::string(role),  CaseText(c),
                                        directory.string(), std::to_string(first)};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) Fail("pipe2");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  const int error = ::posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  from_child_ = ends[0];
  if (error != 0) {
    ::close(from_child_);
    errno = error;
    Fail("posix_spawn");
  }
}

ChildProcess::~ChildProcess() {
  Kill();
  ::close(from_child_);
}

std::optional<std::string> ChildProcess::ReadLine() {
  size_t end = buffered_.find('\n');
  while (end == std::string::npos) {
    char chunk[4096];
    const ssize_t bytes = ::read(from_child_, chunk, sizeof chunk);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) Fail("read from the child");
    if (bytes == 0) return std::nullopt;
    buffered_.append(chunk, static_cast<size_t>(bytes));
    end = buffered_.find('\n');
  }
  std::string line = buffered_.substr(0, end);
  buffered_.erase(0, end + 1);
  return line;
}

void ChildProcess::Kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

int ChildMain(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  const std::string& role = arguments.at(2);
  const Case c = CaseFromText(arguments.at(3));
  const std::filesystem::path directory = arguments.at(4);
  const uint64_t first = std::stoull(arguments.at(5));
  if (role == kOpenAsNobody) {
    // From within its parent: it need not be possible for everybody to get there.
    std::filesystem::current_path(directory.parent_path());
    BecomeNobody();
    return OpenAndSay(c, directory.filename(), false);
  }
  if (role == kWrite) return WriteUntilKilled(c, directory, first);
  return OpenAndSay(c, directory, role == kHoldOpen);
}

}  // namespace kvs::contract

// Replaces gmock_main's, to be a child when asked to.
int main(int argc, char** argv) {
  if (argc > 1 && argv[1] == kvs::contract::kChildFlag) {
    // No exit handlers: after a change of user a leak check at exit cannot work.
    ::_exit(kvs::contract::ChildMain(argc, argv));
  }
  try {
    kvs::contract::OnlyCase();  // now, as GoogleTest asks for it where nothing catches
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "{}: {}\n", kvs::contract::kOnlyCaseVariable, error.what());
    return 2;
  }
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
