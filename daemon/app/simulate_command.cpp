#include "daemon/app/simulate_command.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>

#include "config/load.hpp"
#include "config/plan.hpp"
#include "daemon/app/app.hpp"
#include "daemon/app/journal_file.hpp"
#include "daemon/app/progress.hpp"
#include "daemon/recorded/result_lines.hpp"
#include "daemon/simulate/expectation.hpp"
#include "daemon/simulate/load.hpp"
#include "daemon/simulate/player.hpp"
#include "daemon/simulate/scenario_config.hpp"
#include "probes/base/text.hpp"

namespace blipd::app {

namespace {

// A scenario without a date begins at the beginning of Unix time: no run depends on the day.
constexpr base::WallTime kNoDate{};

void print_faults(const std::vector<config::Fault>& faults) {
  for (const config::Fault& fault : faults) fmt::print(stderr, "{}\n", fault.to_string());
}

// Writes what the player learned.
class Record final : public probes::ResultSink {
 public:
  Record(const std::string& path, const config::Plan& plan)
      : file_(path, std::ios::binary | std::ios::trunc), lines_(plan) {}

  bool is_fine() const { return file_.good(); }
  void flush() {
    file_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
    text_.clear();
    file_.flush();
  }

  void on_sent(probes::ChannelIndex, base::MonoTime) override {}
  void on_result(const probes::Result& result, const probes::AnswerDetail*) override { note(result, result.sent); }
  void on_remark(const probes::Remark& remark) override { note(remark, remark.sent); }

 private:
  template <class Learned>
  void note(const Learned& learned, base::MonoTime sent) {
    constexpr std::size_t kPieceBytes = 64 << 10;
    lines_.append(text_, learned, pipeline::VirtualTime::wall(sent));
    if (text_.size() >= kPieceBytes) flush();
  }

  std::ofstream file_;
  recorded::ResultLines lines_;
  std::string text_;
};

// Every host must be an address that somebody in the scenario answers for, or nothing would be simulated.
bool check_hosts(const config::Plan& plan, const simulate::Scenario& scenario, const std::string& file) {
  bool is_fine = true;
  for (const config::PlannedTarget& target : plan.targets) {
    if (!target.is_active) continue;
    const auto address = base::Address::parse(target.host);
    bool is_known = false;
    for (const simulate::Network& network : scenario.networks) {
      for (const simulate::Target& host : network.targets) is_known = is_known || (address && host.address == *address);
      for (const base::Prefix& prefix : network.prefixes) is_known = is_known || (address && prefix.contains(*address));
    }
    if (is_known) continue;
    fmt::print(stderr, "{}: target {}: {} is no address of {}; ask addresses that the scenario holds\n", file,
               target.name, target.host, scenario.file);
    is_fine = false;
  }
  return is_fine;
}

bool is_written(const JournalFile& journal) {
  if (journal.problem()) fmt::print(stderr, "blipd simulate: {}\n", *journal.problem());
  return !journal.problem();
}

}  // namespace

int run_simulate(const SimulateOptions& options) {
  simulate::LoadedScenario loaded = simulate::load_scenario_file(options.scenario);
  print_faults(loaded.faults);
  if (!loaded.faults.empty()) return kExitInput;
  const simulate::Scenario scenario = std::move(loaded.scenario);
  config::Configuration configuration = simulate::configuration_of(scenario);
  if (!options.config.empty()) {
    config::Loaded asked = config::load_file(options.config, {.web_files = config::WebFiles::kLeave});
    print_faults(asked.faults);
    if (!asked.faults.empty()) return kExitInput;
    configuration = std::move(asked.configuration);
  }
  if (options.dump) {
    fmt::print("{}", config::dump(configuration));
    return kExitFine;
  }
  const auto plan = config::make_plan(configuration, nullptr);
  if (!check_hosts(*plan, scenario, options.config)) return kExitInput;

  simulate::Country country(scenario, options.seed.value_or(scenario.seed));
  simulate::Player player(country, plan, scenario.start.value_or(kNoDate));
  const base::Moment start = player.start();
  pipeline::Pipeline pipeline(plan, start, pipeline::Keep::kVerdicts);
  std::optional<Record> record;
  if (!options.record.empty()) {
    record.emplace(options.record, *plan);
    if (!record->is_fine()) {
      fmt::print(stderr, "blipd simulate: cannot write {}; choose another file for --record\n", options.record);
      return kExitEnvironment;
    }
    player.watch(*record);
  }

  std::optional<JournalFile> journal;
  if (!options.journal.empty()) {
    journal.emplace(options.journal);
    if (!is_written(*journal)) return kExitEnvironment;
    pipeline.keep_minutes();
  }

  EventList events;
  Progress progress;
  const auto take = [&] {
    std::vector<event::Event> revised = pipeline.take_events();
    if (journal) {
      journal->write(revised);
      for (pipeline::Minutes& minutes : pipeline.take_minutes()) journal->write(std::move(minutes));
    }
    events.take(std::move(revised));
  };
  // The pipeline keeps a few minutes only.
  constexpr base::Duration kSlice = std::chrono::minutes(1);
  for (base::Duration until = kSlice; player.now() < scenario.length; until += kSlice) {
    player.play(pipeline, std::min(until, scenario.length));
    take();
    progress.show(base::to_seconds(player.now()) / base::to_seconds(scenario.length), player.results());
  }
  player.finish(pipeline);
  pipeline.finish_minutes();
  take();
  progress.clear();
  const std::vector<event::Event> found = events.sorted();
  fmt::print("{}", format_events(found, options.format));
  bool is_met = true;
  for (const simulate::Finding& finding : simulate::compare(scenario.expectations, found)) {
    is_met = is_met && finding.is_met;
    if (options.format == ListFormat::kText) fmt::print("{}\n", finding.text);
    if (options.format == ListFormat::kJson && !finding.is_met) fmt::print(stderr, "{}\n", finding.text);
  }
  if (journal) {
    journal->finish(plan->configuration.vantage_name, start.wall, player.time().wall);
    if (!is_written(*journal)) return kExitEnvironment;
  }
  if (record) record->flush();
  if (record && !record->is_fine()) {
    fmt::print(stderr, "blipd simulate: cannot write {} to its end; is the disk full?\n", options.record);
    return kExitEnvironment;
  }
  return is_met ? kExitFine : kExitInput;
}

}  // namespace blipd::app
