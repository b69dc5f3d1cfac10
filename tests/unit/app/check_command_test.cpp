#include "daemon/app/check_command.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "daemon/app/app.hpp"

namespace blipd::app {

namespace {

std::string in_source(const std::string& path) { return (std::filesystem::path(BLIPD_SOURCE_DIR) / path).string(); }

}  // namespace

TEST_CASE("check sums a good file up in one line on standard output") {
  const std::string file = in_source("config/examples/lab.yaml");
  const Checked checked = check(file, {}, false);
  CHECK(checked.exit_code == kExitFine);
  CHECK(checked.output ==
        file + ": 1 country, 4 networks, 17 targets, 30 channels, 5 controls; 24.0 probes a second\n");
  CHECK(checked.errors.empty());
}

TEST_CASE("check says warnings on standard error and still finds the file good") {
  const std::string file = in_source("config/examples/minimal.yaml");
  const Checked checked = check(file, {}, false);
  CHECK(checked.exit_code == kExitFine);
  CHECK(checked.output == file + ": 1 country, 1 network, 1 target, 1 channel, 0 controls; 0.2 probes a second\n");
  CHECK(checked.errors.find("warning: " + file + ":1:1: vantage.controls: no controls") == 0);
}

TEST_CASE("check says every fault on standard error and blames the input") {
  const Checked checked = check(in_source("tests/unit/config/bad/many_at_once.yaml"), {}, false);
  CHECK(checked.exit_code == kExitInput);
  CHECK(checked.output.empty());
  CHECK(checked.errors.find("vantage: unknown key 'nmae'; did you mean 'name'?\n") != std::string::npos);
  CHECK(checked.errors.find("countries[0].code: 'kp' is not in capitals; did you mean 'KP'?\n") != std::string::npos);
}

TEST_CASE("check blames the environment for a file that cannot be read") {
  const Checked checked = check(in_source("nowhere.yaml"), {}, true);
  CHECK(checked.exit_code == kExitEnvironment);
  CHECK(checked.output.empty());
  CHECK(checked.errors == in_source("nowhere.yaml") +
                              ": cannot read it: No such file or directory; check the path and its permissions\n");
}

TEST_CASE("check dumps a configuration that loads to the same") {
  const std::string file = in_source("config/examples/kp.yaml");
  const Checked checked = check(file, {}, true);
  CHECK(checked.exit_code == kExitFine);
  const config::Loaded again = config::load_text(checked.output, "dumped.yaml");
  CHECK(again.faults.empty());
  CHECK(config::dump(again.configuration) == checked.output);
  CHECK(summarize("x", again.configuration) == summarize("x", config::load_file(file).configuration));
}

}  // namespace blipd::app
