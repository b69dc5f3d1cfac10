#include <map>

#include "config/plan.hpp"
#include "daemon/pipeline/pipeline.hpp"
#include "daemon/simulate/country.hpp"
#include "daemon/simulate/player.hpp"
#include "daemon/simulate/scenario_config.hpp"
#include "tests/bench/accuracy/detectors.hpp"

namespace blipd::accuracy {

namespace {

Found found(const event::Event& event, base::WallTime start, base::Duration length) {
  Found found;
  found.kind = event.kind;
  found.scope = event.scope;
  found.is_blip = event.length == event::Class::kBlip;
  found.earliest = event.start.earliest - start;
  found.start = event.start.middle() - start;
  found.end = event.end ? event.end->middle() - start : length;
  found.latest = event.end ? event.end->latest - start : length;
  found.declared = event.declared - start;
  return found;
}

class Counter final : public probes::ResultSink {
 public:
  Counter(const config::Plan& plan, Run& run) : plan_(plan), run_(run) {}

  void on_sent(probes::ChannelIndex, base::MonoTime) override {}
  void on_remark(const probes::Remark&) override {}
  void on_result(const probes::Result& result, const probes::AnswerDetail*) override {
    const bool is_control = plan_.networks[plan_.channels[result.channel].network].is_control();
    ++(is_control ? run_.control_probes : run_.probes);
  }

 private:
  const config::Plan& plan_;
  Run& run_;
};

}  // namespace

Run run_blipd(const World& world, std::uint64_t seed) {
  const simulate::Scenario& scenario = world.scenario;
  const auto plan = config::make_plan(simulate::configuration_of(scenario), nullptr);
  simulate::Country country(scenario, seed);
  simulate::Player player(country, plan, *scenario.start);
  pipeline::Pipeline pipeline(plan, player.start());
  Run run;
  Counter counter(*plan, run);
  player.watch(counter);
  std::map<std::string, event::Event> events;
  const auto take = [&] {
    for (event::Event& event : pipeline.take_events()) events.insert_or_assign(event.id, std::move(event));
  };
  constexpr base::Duration kSlice = std::chrono::minutes(10);
  for (base::Duration until = kSlice; player.now() < scenario.length; until += kSlice) {
    player.play(pipeline, std::min(until, scenario.length));
    take();
  }
  player.finish(pipeline);
  take();
  for (const auto& [id, event] : events) {
    // That of the country repeats that of its one network.
    if (event.scope != event::Scope::kCountry) run.found.push_back(found(event, *scenario.start, scenario.length));
  }
  std::ranges::sort(run.found, {}, &Found::start);
  return run;
}

}  // namespace blipd::accuracy
