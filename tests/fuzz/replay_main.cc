// Runs a fuzz target without libFuzzer: on every file of its corpus, and on random mutations of
// them, always the same ones.
//
//   replay_<target> <corpus> [<file>]
//
// Every input is written to <file> before it is run: the one that it ends on is left there.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace {

constexpr uint64_t kSeed = 1;
constexpr int kMutations = 2000;
constexpr size_t kMaxSize = 16 * 1024;

using Corpus = std::vector<std::string>;

Corpus ReadCorpus(const char* directory) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  Corpus corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

// Not std::uniform_int_distribution: that differs from library to library.
class Mutator {
 public:
  explicit Mutator(const Corpus& corpus) : corpus_(corpus) {}

  std::string Next() {
    std::string input = corpus_[Below(corpus_.size())];
    for (uint64_t steps = 1 + Below(4); steps > 0; --steps) Mutate(input);
    input.resize(std::min(input.size(), kMaxSize));
    return input;
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  void Mutate(std::string& input) {
    const uint64_t what = Below(8);
    if (input.empty() || what == 0) {
      const std::string& other = corpus_[Below(corpus_.size())];
      input = input.substr(0, Below(input.size() + 1)) + other.substr(Below(other.size() + 1));
      return;
    }
    const size_t at = Below(input.size());
    const size_t length = std::min<size_t>(1 + Below(32), input.size() - at);
    switch (what) {
      case 1:
        input.resize(at);
        break;
      case 2:
        input.erase(at, length);
        break;
      case 3:
        input.insert(Below(input.size() + 1), std::string(input, at, length));
        break;
      case 4:
        input[at] = kTelling[Below(std::size(kTelling))];
        break;
      case 5:
        std::fill_n(input.begin() + static_cast<ptrdiff_t>(at), length,
                    kTelling[Below(std::size(kTelling))]);
        break;
      case 6:
        input[at] = static_cast<char>(input[at] + 1);
        break;
      default:
        input[at] = static_cast<char>(input[at] ^ 1 << Below(8));
        break;
    }
  }

  static constexpr char kTelling[] = {0, 1, 2, 3, 4, 127, -128, -1, ' ', '\n', '0', '9'};

  const Corpus& corpus_;
  std::mt19937_64 random_{kSeed};
};

void Run(const std::string& input, const char* kept) {
  if (kept != nullptr) std::ofstream(kept, std::ios::binary) << input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s <corpus> [<file>]\n", argv[0]);
    return 2;
  }
  const Corpus corpus = ReadCorpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s: no files\n", argv[1]);
    return 1;
  }
  const char* const kept = argc > 2 ? argv[2] : nullptr;
  for (const std::string& input : corpus) Run(input, kept);
  Mutator mutator(corpus);
  for (int i = 0; i < kMutations; ++i) Run(mutator.Next(), kept);
  std::printf("%zu files and %d mutations of them, seed %d\n", corpus.size(), kMutations,
              static_cast<int>(kSeed));
  return 0;
}
