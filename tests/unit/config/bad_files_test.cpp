// tests/unit/config/bad holds one YAML file for each fault, and beside it in a .txt exactly what is to be said.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "config/load.hpp"

namespace blipd::config {

namespace {

const std::filesystem::path kFolder = std::filesystem::path(BLIPD_SOURCE_DIR) / "tests/unit/config/bad";

std::string slurp(const std::filesystem::path& file) {
  std::ifstream in(file);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Names of the files of one kind, without their ending.
std::set<std::string> stems(const std::string& extension) {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == extension) found.insert(entry.path().stem().string());
  }
  return found;
}

// The faults as `blipd check` would print them when called in the folder.
std::string said_about(const std::string& stem) {
  std::string said;
  for (const Fault& fault : load_file(kFolder / (stem + ".yaml")).faults) said += fault.to_string() + '\n';
  const std::string folder = kFolder.string() + '/';
  for (auto at = said.find(folder); at != std::string::npos; at = said.find(folder)) said.erase(at, folder.size());
  return said;
}

}  // namespace

TEST_CASE("each bad file is refused with exactly its message") {
  const auto files = stems(".yaml");
  REQUIRE(files.size() > 100);
  for (const std::string& stem : files) {
    INFO(stem);
    CHECK(said_about(stem) == slurp(kFolder / (stem + ".txt")));
  }
}

TEST_CASE("each message belongs to a bad file, and says what to do") {
  for (const std::string& stem : stems(".txt")) {
    INFO(stem);
    CHECK(std::filesystem::exists(kFolder / (stem + ".yaml")));
    const std::string text = slurp(kFolder / (stem + ".txt"));
    CHECK(text.find("; ") != std::string::npos);
  }
}

TEST_CASE("faults come in the order of their places") {
  const Loaded loaded = load_file(kFolder / "many_at_once.yaml");
  REQUIRE(loaded.faults.size() > 5);
  const auto is_before = [](const Fault& a, const Fault& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  };
  CHECK(std::is_sorted(loaded.faults.begin(), loaded.faults.end(), is_before));
}

TEST_CASE("a file that cannot be read is a fault of the file as a whole") {
  const Loaded loaded = load_file(kFolder / "nowhere.yaml");
  REQUIRE(loaded.faults.size() == 1);
  CHECK(loaded.faults[0].line == 0);
  CHECK(loaded.faults[0].to_string() ==
        (kFolder / "nowhere.yaml").string() +
            ": cannot read it: No such file or directory; check the path and its permissions");
  CHECK(load_file(kFolder).faults.at(0).to_string() ==
        kFolder.string() + ": cannot read it: Is a directory; check the path and its permissions");
}

}  // namespace blipd::config
