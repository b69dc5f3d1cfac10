// Runs a fuzz target over every file of a corpus folder and over a fixed set of mutations of those files: the
// same ones every time, on every machine. Usage: fuzz_NAME CORPUS_FOLDER [MUTATIONS]
#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.hpp"

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::uint64_t kSeed = 20141222;
constexpr std::uint64_t kMutations = 20'000;
constexpr std::size_t kLongestInput = 4096;

std::vector<Input> read_corpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);  // folders have no order of their own
  std::vector<Input> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

// Draws by remainder, since the standard distributions differ from library to library.
class Mutator {
 public:
  explicit Mutator(const std::vector<Input>& corpus) : corpus_(corpus) {}

  Input next() {
    Input input = corpus_[below(corpus_.size())];
    for (std::size_t steps = 1 + below(4); steps > 0; --steps) mutate(input);
    if (input.size() > kLongestInput) input.resize(kLongestInput);
    return input;
  }

 private:
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : static_cast<std::size_t>(random_() % limit); }

  void mutate(Input& input) {
    constexpr std::uint8_t kEdges[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
    const std::size_t at = below(input.size());
    switch (below(6)) {
      case 0:  // flip a bit
        if (!input.empty()) input[at] ^= static_cast<std::uint8_t>(1U << below(8));
        break;
      case 1:  // set a byte to a value at an edge
        if (!input.empty()) input[at] = kEdges[below(std::size(kEdges))];
        break;
      case 2:  // set a byte to any value
        if (!input.empty()) input[at] = static_cast<std::uint8_t>(random_());
        break;
      case 3:  // cut the end off
        input.resize(below(input.size() + 1));
        break;
      case 4: {  // go on as another input does
        const Input& other = corpus_[below(corpus_.size())];
        const std::size_t from = below(other.size() + 1);
        input.resize(at);
        input.insert(input.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
        break;
      }
      default: {  // say something twice
        const std::size_t length = below(input.size() - at + 1);
        const Input piece(input.begin() + static_cast<std::ptrdiff_t>(at),
                          input.begin() + static_cast<std::ptrdiff_t>(at + length));
        input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), piece.begin(), piece.end());
      }
    }
  }

  const std::vector<Input>& corpus_;
  std::mt19937_64 random_{kSeed};
};

// An input in a block of its own, so that a sanitizer sees a read past its end.
void run(const Input& input, const std::string& name) {
  Input exact(input);
  exact.shrink_to_fit();
  try {
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
  } catch (const std::exception& broken) {
    fmt::print(stderr, "{}: broken claim: {}\ninput:", name, broken.what());
    for (const std::uint8_t byte : input) fmt::print(stderr, " {:02x}", byte);
    fmt::print(stderr, "\n");
    std::exit(1);
  }
}

int replay(const std::filesystem::path& folder, std::uint64_t mutations) {
  const std::vector<Input> corpus = read_corpus(folder);
  if (corpus.empty()) {
    fmt::print(stderr, "{}: no corpus files; tests/fuzz/make_corpus.py writes them\n", folder.string());
    return 1;
  }
  run({}, "no input");
  for (std::size_t i = 0; i < corpus.size(); ++i) run(corpus[i], fmt::format("file {} of the corpus, by name", i));
  Mutator mutator(corpus);
  for (std::uint64_t i = 0; i < mutations; ++i) run(mutator.next(), fmt::format("mutation {} of seed {}", i, kSeed));
  fmt::print("{} files, {} mutations, seed {}\n", corpus.size(), mutations, kSeed);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    fmt::print(stderr, "usage: {} CORPUS_FOLDER [MUTATIONS]\n", argv[0]);
    return 2;
  }
  try {
    return replay(argv[1], argc == 3 ? std::stoull(argv[2]) : kMutations);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
