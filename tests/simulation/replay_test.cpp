// A scripted country played, recorded, and played again from the record: the events must be the same to the byte, in
// whatever order the lines of one second stand.
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <sstream>

#include "config/load.hpp"
#include "config/plan.hpp"
#include "daemon/event/json.hpp"
#include "daemon/recorded/replay.hpp"
#include "daemon/recorded/result_lines.hpp"
#include "daemon/recorded/row_reader.hpp"
#include "daemon/simulate/load.hpp"
#include "daemon/simulate/player.hpp"
#include "daemon/simulate/scenario_config.hpp"

namespace blipd {
namespace {

// Losses, late answers, unreachables, resets, an outage, a fault of the vantage point, and an end in the middle.
constexpr const char* kScenario = R"(
country: KP
seed: 7
start: 2014-12-22T16:00:00.300Z
length: 100m
ask: {interval: 7s, control_interval: 4s, timeout: 2s}
defaults: {rtt: {shape: lognormal, minimum: 95ms, median: 12ms, sigma: 0.7}, loss: 0.08, late: {ratio: 0.02, delay: 3s}}
networks:
  - name: one
    upstream: AS4837
    prefixes: [198.18.1.0/24]
    targets:
      - {name: gw, host: 198.18.1.1}
      - {name: ns, host: 198.18.1.2, dns: true, open: [80]}
      - {name: www, host: 198.18.1.3, open: [80], icmp: silent}
  - name: two
    prefixes: [198.18.2.0/24]
    targets: [{name: gw, host: 198.18.2.1}, {name: a, host: 198.18.2.2}]
controls:
  - {name: c1, host: 198.18.100.1, network: alpha, rtt: 6ms, loss: 0.002}
  - {name: c2, host: 198.18.100.2, network: alpha, rtt: 7ms, loss: 0.002}
  - {name: c3, host: 198.18.101.1, network: beta, rtt: 15ms, loss: 0.002}
timeline:
  - {at: 20m, for: 2m, networks: [one], effect: cut}
  - {at: 30m, for: 10m, networks: [two], effect: unreachable, code: administrative}
  - {at: 50m, for: 5m, vantage: true, effect: cut}
  - {at: 65m, for: 12m, all: true, effect: cut}
  - {at: 99m, all: true, effect: cut}
)";

class Lines final : public probes::ResultSink {
 public:
  explicit Lines(const config::Plan& plan) : lines_(plan) {}
  void on_sent(probes::ChannelIndex, base::MonoTime) override {}
  void on_result(const probes::Result& result, const probes::AnswerDetail*) override {
    lines_.append(text, result, pipeline::VirtualTime::wall(result.sent));
  }
  void on_remark(const probes::Remark& late) override {
    lines_.append(text, late, pipeline::VirtualTime::wall(late.sent));
  }
  std::string text;

 private:
  recorded::ResultLines lines_;
};

std::string events_of(std::vector<event::Event> events) {
  std::map<std::string, std::string> latest;
  for (const event::Event& event : events) latest[event.id] = event::to_json(event);
  std::string text;
  for (const auto& [id, json] : latest) text += json + "\n";
  return text;
}

struct Played {
  config::Configuration configuration;
  std::string record;
  std::string events;
};

Played play() {
  simulate::LoadedScenario loaded = simulate::load_scenario(kScenario, "scenario.yaml");
  REQUIRE(loaded.faults.empty());
  const base::WallTime start = *loaded.scenario.start;
  const base::Duration length = loaded.scenario.length;
  Played played;
  played.configuration = simulate::configuration_of(loaded.scenario);
  const auto plan = config::make_plan(played.configuration, nullptr);
  simulate::Country country(std::move(loaded.scenario), 7);
  simulate::Player player(country, plan, start);
  pipeline::Pipeline pipeline(plan, player.start());
  Lines lines(*plan);
  player.watch(lines);
  player.play(pipeline, length);
  player.finish(pipeline);
  played.record = lines.text;
  played.events = events_of(pipeline.take_events());
  return played;
}

std::string replayed(const std::string& record, const config::Configuration& configuration) {
  recorded::RowReader reader(recorded::text_source(record));
  recorded::Replay replay(configuration);
  recorded::Row row;
  while (reader.next(row) == recorded::RowReader::Next::kRow) {
    const auto taken = replay.take(row);
    INFO((taken ? "" : taken.error().text));
    REQUIRE(taken);
  }
  replay.finish();
  return events_of(replay.take_events());
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The ids, which say where and when, of the events of one scope.
std::vector<std::string> begins_of(const std::string& events, const std::string& scope) {
  std::vector<std::string> ids;
  for (const std::string& line : lines_of(events)) {
    if (line.find("\"scope\":\"" + scope) != std::string::npos) ids.push_back(line.substr(0, line.find(',')));
  }
  return ids;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST_CASE("A record played again gives the events of the simulation, to the byte", "[simulation][replay]") {
  const Played played = play();
  CHECK(played.events.size() > 5000);
  for (const char* outcome : {"answered", "lost", "unreachable", "late"}) {
    CHECK(played.record.find("\"outcome\":\"" + std::string(outcome)) != std::string::npos);
  }
  CHECK(replayed(played.record, played.configuration) == played.events);
}

TEST_CASE("The order of the lines within a second, or within a minute, does not matter", "[simulation][replay]") {
  const Played played = play();
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    std::vector<std::string> lines = lines_of(played.record);
    if (seed == 4) {
      // As far apart as is allowed: a few hundred lines are less than a minute.
      for (std::size_t from = 0; from < lines.size(); from += 100) {
        std::shuffle(lines.begin() + static_cast<std::ptrdiff_t>(from),
                     lines.begin() + static_cast<std::ptrdiff_t>(std::min(from + 100, lines.size())), random);
      }
    } else {
      std::shuffle(lines.begin(), lines.end(), random);
      std::ranges::stable_sort(lines, {}, [](const std::string& line) { return line.substr(8, 10); });
    }
    CHECK(replayed(joined(lines), played.configuration) == played.events);
  }
}

TEST_CASE("Without a configuration the lines say enough, in any order", "[simulation][replay]") {
  const Played played = play();
  config::Configuration nobody;
  nobody.vantage_name = "simulated";
  const std::string events = replayed(played.record, nobody);
  // Who is asked is known a little later, so details differ, but not what happened to the country.
  CHECK(begins_of(events, "country") == begins_of(played.events, "country"));
  CHECK(begins_of(events, "vantage") == begins_of(played.events, "vantage"));
  std::vector<std::string> lines = lines_of(played.record);
  std::mt19937_64 random(5);
  std::shuffle(lines.begin(), lines.end(), random);
  std::ranges::stable_sort(lines, {}, [](const std::string& line) { return line.substr(8, 10); });
  CHECK(replayed(joined(lines), nobody) == events);
}

}  // namespace
}  // namespace blipd
