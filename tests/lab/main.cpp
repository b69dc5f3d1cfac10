// blipd-lab: a country in a network namespace. See docs/laboratory.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "daemon/simulate/country.hpp"
#include "daemon/simulate/load.hpp"
#include "probes/base/text.hpp"
#include "tests/lab/command.hpp"
#include "tests/lab/dns_server.hpp"
#include "tests/lab/enclosure.hpp"
#include "tests/lab/laboratory.hpp"

// The leak checker looks at the program from a process that it starts at the very end, and by then ours are
// started in a process namespace that is gone. test_lab checks the same parts for leaks.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the name is the sanitizer's
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace {

using namespace blipd;

// As blipd's own: the input, the command line, the environment.
constexpr int kInput = 1;
constexpr int kUsage = 2;
constexpr int kEnvironment = 3;

struct Options {
  std::string scenario;
  std::string publish;
  std::string run_for;
  std::string ready_file;
  std::string stats;
  std::string tun = "/dev/net/tun";
  std::optional<std::uint64_t> seed;
  bool check = false;
  std::vector<std::string> command;
};

int complain(int code, const std::string& what) {
  fmt::print(stderr, "blipd-lab: {}\n", what);
  return code;
}

// The command's pid, seen from outside: with it others can enter (nsenter --net --target PID).
bool announce(const std::string& file, pid_t pid) {
  if (file.empty()) return true;
  std::ofstream out(file, std::ios::trunc);
  out << pid << '\n';
  return static_cast<bool>(out.flush());
}

int play(const Options& options, lab::Limits limits) {
  auto loaded = simulate::load_scenario_file(options.scenario);
  for (const auto& fault : loaded.faults) fmt::print(stderr, "{}\n", fault.to_string());
  if (!loaded.faults.empty()) return kInput;
  auto dns = lab::DnsServer::make(loaded.scenario);
  if (!dns) return complain(kInput, dns.error().text);
  if (options.check) return 0;
  if (options.command.empty()) return complain(kUsage, "no command; give one after --");
  const std::uint64_t seed = options.seed.value_or(loaded.scenario.seed);
  simulate::Country country(std::move(loaded.scenario), seed);

  lab::UniqueFd listening;
  if (!options.publish.empty()) {
    auto opened = lab::listen_on(options.publish);
    if (!opened) return complain(kEnvironment, opened.error().text);
    listening = std::move(*opened);
  }
  lab::Laboratory laboratory;
  if (const auto entered = lab::enter_enclosure(); !entered) return complain(kEnvironment, entered.error().text);
  auto tun = lab::make_tun(options.tun);
  if (!tun) return complain(kEnvironment, tun.error().text);
  laboratory.open(std::move(*tun), country, *dns, seed, options.stats);
  auto command = lab::Command::start(options.command, std::move(listening));
  if (!command) return complain(kEnvironment, command.error().text);
  if (!announce(options.ready_file, command->pid())) {
    return complain(kEnvironment, fmt::format("cannot write {}", options.ready_file));
  }
  return laboratory.run(*command, limits);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Answers for a whole country through a TUN device in a network namespace of its own, in which it "
      "runs a command. No packet leaves the namespace.",
      "blipd-lab");
  app.add_option("--scenario", options.scenario, "Scenario file (YAML)")->required();
  app.add_option("--publish", options.publish,
                 "ADDRESS:PORT outside the namespace, handed to the command as systemd would");
  app.add_option("--for", options.run_for, "Ask the command to end after so long, for example 90s");
  app.add_option("--ready-file", options.ready_file, "Write the command's process number there once all is up");
  app.add_option("--stats", options.stats, "Write what was seen and done there, at the end and on SIGUSR1 (JSON)");
  app.add_option("--seed", options.seed, "In place of the scenario's");
  app.add_option("--tun", options.tun, "TUN control device")->capture_default_str();
  app.add_flag("--check", options.check, "Only check the scenario");
  app.add_option("command", options.command, "Command and its arguments, after --");
  app.positionals_at_end();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  lab::Limits limits;
  if (!options.run_for.empty()) {
    const auto run_for = base::parse_duration(options.run_for);
    if (!run_for) return complain(kUsage, fmt::format("--for {}: {}", options.run_for, run_for.error().text));
    limits.run_for = *run_for;
  }
  try {
    return play(options, limits);
  } catch (const std::exception& error) {
    return complain(kEnvironment, error.what());
  }
}
