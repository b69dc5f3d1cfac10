#include "daemon/app/check_command.hpp"

#include <cstdio>

#include "daemon/app/app.hpp"

namespace blipd::app {

namespace {

std::string counted(std::size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

struct Asked {
  std::size_t channels = 0;
  double probes_a_second = 0;

  void add(const config::Target& target) {
    channels += target.probes.size();
    for (const probes::ProbeSpec& spec : target.probes) probes_a_second += 1.0 / base::to_seconds(spec.interval);
  }
};

}  // namespace

std::string summarize(const std::string& config_path, const config::Configuration& configuration) {
  Asked asked;
  std::size_t networks = 0;
  std::size_t targets = 0;
  for (const config::Country& country : configuration.countries) {
    networks += country.networks.size();
    for (const config::Network& network : country.networks) {
      targets += network.targets.size();
      for (const config::Target& target : network.targets) asked.add(target);
    }
  }
  for (const config::Control& control : configuration.controls) asked.add(control.target);
  const double rate = asked.probes_a_second;
  return fmt::format("{}: {}, {}, {}, {}, {}; {} probes a second", config_path,
                     counted(configuration.countries.size(), "country", "countries"),
                     counted(networks, "network", "networks"), counted(targets, "target", "targets"),
                     counted(asked.channels, "channel", "channels"),
                     counted(configuration.controls.size(), "control", "controls"),
                     rate < 1 ? fmt::format("{:.2g}", rate) : fmt::format("{:.1f}", rate));
}

Checked check(const std::string& config_path, const config::Shard& shard, bool dump_effective) {
  const config::Loaded loaded = config::load_file(config_path, {.shard = shard});
  Checked checked;
  for (const config::Fault& fault : loaded.faults) checked.errors += fault.to_string() + '\n';
  for (const config::Fault& warning : loaded.warnings) checked.errors += "warning: " + warning.to_string() + '\n';
  if (!loaded.faults.empty()) {
    // Line 0 is the file as a whole: it could not be read.
    checked.exit_code = loaded.faults.front().line == 0 ? kExitEnvironment : kExitInput;
    return checked;
  }
  checked.exit_code = kExitFine;
  checked.output =
      dump_effective ? config::dump(loaded.configuration) : summarize(config_path, loaded.configuration) + '\n';
  return checked;
}

int run_check(const std::string& config_path, const config::Shard& shard, bool dump_effective) {
  const Checked checked = check(config_path, shard, dump_effective);
  std::fwrite(checked.errors.data(), 1, checked.errors.size(), stderr);
  std::fwrite(checked.output.data(), 1, checked.output.size(), stdout);
  return checked.exit_code;
}

}  // namespace blipd::app
