// Small random changes to good files: whatever comes out, the loader says something and stays alive.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "config/plan.hpp"
#include "tests/unit/config/yaml.hpp"

namespace blipd::config {

namespace {

std::string example(const char* name) {
  std::ifstream in(std::filesystem::path(BLIPD_SOURCE_DIR) / "config/examples" / name);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

  // Puts in, takes out or doubles a few bytes or a line.
  void change(std::string& text) {
    static const std::vector<std::string> kTokens = {"[",
                                                     "]",
                                                     "{",
                                                     "}",
                                                     ":",
                                                     ": ",
                                                     "- ",
                                                     ",",
                                                     "\n",
                                                     "\t",
                                                     "'",
                                                     "\"",
                                                     "#",
                                                     "&a ",
                                                     "*a",
                                                     "!",
                                                     "|",
                                                     ">",
                                                     "%",
                                                     "@",
                                                     "\\",
                                                     "~",
                                                     "null",
                                                     "-1",
                                                     "0",
                                                     "1e400",
                                                     "99999999999999999999",
                                                     "5s",
                                                     "\xff",
                                                     "\xe2\x82",
                                                     "---\n",
                                                     "<<: ",
                                                     "? ",
                                                     std::string(1, '\0'),
                                                     "probes",
                                                     "ping",
                                                     "targets: "};
    const std::size_t at = below(text.size() + 1);
    switch (below(4)) {
      case 0:
        text.insert(at, kTokens[below(kTokens.size())]);
        break;
      case 1:
        text.erase(at, below(8));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
      default: {
        const auto start = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
        const auto end = std::min(text.find('\n', start), text.size() - 1);
        if (end != std::string::npos && end >= start) text.insert(start, text.substr(start, end - start + 1));
      }
    }
  }

 private:
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("no small change to a good file crashes the loader, and what loads can be planned and dumped") {
  const std::uint32_t seed = 20141222;
  INFO("seed " << seed);
  Mutator mutator(seed);
  int loaded_well = 0;
  int refused = 0;
  for (const char* name : {"minimal.yaml", "kp.yaml", "lab.yaml"}) {
    const std::string good = example(name);
    for (int i = 0; i < 400; ++i) {
      std::string text = good;
      for (std::size_t changes = 1 + mutator.below(4); changes > 0; --changes) mutator.change(text);
      const Loaded loaded = load_text(text, "mutated.yaml");
      if (!loaded.faults.empty()) {
        ++refused;
        for (const Fault& fault : loaded.faults) {
          CHECK(fault.line >= 1);
          CHECK(fault.column >= 1);
        }
        continue;
      }
      ++loaded_well;
      CHECK(make_plan(loaded.configuration, nullptr)->generation == 1);
      const std::string dumped = dump(loaded.configuration);
      INFO(text);
      CHECK(dump(load_good(dumped)) == dumped);
    }
  }
  // Both ways out were taken, or this test says nothing.
  CHECK(loaded_well > 100);
  CHECK(refused > 100);
}

}  // namespace blipd::config
