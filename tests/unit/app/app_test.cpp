#include "daemon/app/app.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace blipd::app;

namespace {

int call(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "blipd");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  return blipd::app::main(static_cast<int>(arguments.size()), argv.data());
}

}  // namespace

TEST_CASE("wrong use of the command line is exit code 2") {
  CHECK(call({}) == kExitUsage);
  CHECK(call({"frobnicate"}) == kExitUsage);
  CHECK(call({"--frob"}) == kExitUsage);
  CHECK(call({"run", "--frob"}) == kExitUsage);
  CHECK(call({"run", "extra"}) == kExitUsage);
  CHECK(call({"run", "--config"}) == kExitUsage);
  CHECK(call({"check", "status"}) == kExitUsage);
  CHECK(call({"probe"}) == kExitUsage);
  CHECK(call({"status", "--url", "ftp://localhost"}) == kExitUsage);
}

TEST_CASE("help and version are fine, for each command") {
  CHECK(call({"--help"}) == kExitFine);
  CHECK(call({"--version"}) == kExitFine);
  for (const char* command : {"run", "check", "probe", "status"}) CHECK(call({command, "--help"}) == kExitFine);
}

TEST_CASE("a file that cannot be read is the environment's fault") {
  CHECK(call({"check", "--config", "/nonexistent/blipd.yaml"}) == kExitEnvironment);
}
