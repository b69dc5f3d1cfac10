#include "daemon/serve/version.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>

TEST_CASE("the version is the one that the build says") {
  std::ifstream file(BLIPD_SOURCE_DIR "/CMakeLists.txt");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  CHECK(text.find("project(blipd VERSION " + std::string(blipd::serve::kVersion) + " ") != std::string::npos);
}
