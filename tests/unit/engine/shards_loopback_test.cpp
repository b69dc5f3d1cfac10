// Shards with their threads, against closed ports of loopback: a refused connection is an answer, and needs no
// privilege.
#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "config/load.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/engine/shard.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using engine::Batch;

namespace {

std::shared_ptr<const config::Plan> plan_of(int first, int last, const config::Plan* previous = nullptr) {
  std::string targets;
  for (int i = first; i < last; ++i) targets += fmt::format("{{name: t{0}, host: 127.0.1.{0}}}, ", i);
  const auto loaded = config::load_text(
      "probes: {web: {type: tcp, port: 9, mode: connect, interval: 100ms, timeout: 90ms}}\n"
      "defaults: {probes: [web]}\nbudget: {total_rate: 0, prefix_rate: 0}\n"
      "countries: [{code: XX, networks: [{name: n, targets: [" +
          targets + "]}]}]",
      "test.yaml");
  for (const config::Fault& fault : loaded.faults) UNSCOPED_INFO(fault.to_string());
  REQUIRE(loaded.faults.empty());
  return config::make_plan(loaded.configuration, previous);
}

template <class Claim>
bool comes_true(Claim claim) {
  for (int i = 0; i < 1000; ++i) {
    if (claim()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

// Holds what it is told against what engine.hpp promises.
struct Pipeline final : probes::ResultSink {
  std::map<probes::ChannelIndex, int> sent, answered, unanswered;
  base::MonoTime passed = base::MonoTime::min();
  bool is_in_order = true;

  void on_sent(probes::ChannelIndex channel, base::MonoTime at) override {
    ++sent[channel];
    look(at);
  }
  void on_result(const probes::Result& result, const probes::AnswerDetail*) override {
    ++(result.outcome == probes::Outcome::kAnswered ? answered : unanswered)[result.channel];
    look(result.settled);
  }
  void on_remark(const probes::Remark& remark) override { look(remark.at); }
  void look(base::MonoTime at) { is_in_order = is_in_order && at >= passed; }
};

}  // namespace

TEST_CASE("a shard whose hand-over is full sends nothing, loses nothing, and goes on when there is room") {
  const base::SystemClock clock;
  std::atomic<int> told = 0;
  engine::Shard shard(
      clock, engine::Loop::Asking::kScheduled, {1, {}},
      [&](engine::Severity, std::string_view event, const std::string&) { told += event == "judging_behind" ? 1 : 0; },
      [](const std::exception_ptr&) {}, 200);
  const auto plan = plan_of(1, 21);
  REQUIRE(shard.open({plan, std::make_shared<engine::Budget>(plan->configuration.budget), {}}));
  shard.start("test-shard");
  // Until nothing more comes: all that was under way has its result.
  std::deque<Batch> batches;
  std::size_t calls = 0;
  const auto take = [&] {
    shard.handover().take(batches);
    std::size_t now = 0;
    for (const Batch& batch : batches) now += batch.calls.size();
    return now;
  };
  REQUIRE(comes_true([&] { return shard.handover().is_full(); }));
  CHECK(comes_true([&] {
    std::this_thread::sleep_for(300ms);
    return take() == std::exchange(calls, take());
  }));
  CHECK(told == 1);
  int sent = 0;
  int settled = 0;
  const auto count = [&](const Batch::Call& call) {
    if (call.what == Batch::Call::What::kSent) ++sent;
    if (call.what == Batch::Call::What::kResult && call.outcome != probes::Outcome::kAborted) ++settled;
  };
  for (const Batch& batch : batches) std::ranges::for_each(batch.calls, count);
  CHECK(sent >= 80);
  CHECK(sent == settled);
  // There is room again: those that waited too long are overrun, and the others are asked.
  for (Batch& batch : batches) shard.handover().give_back(std::move(batch));
  batches.clear();
  int overrun = 0;
  int again = 0;
  CHECK(comes_true([&] {
    shard.handover().take(batches);
    for (; !batches.empty(); batches.pop_front()) {
      for (const Batch::Call& call : batches.front().calls) {
        overrun += call.abort_reason == probes::AbortReason::kOverrun ? 1 : 0;
        again += call.what == Batch::Call::What::kSent ? 1 : 0;
      }
      shard.handover().give_back(std::move(batches.front()));
    }
    return again >= 40 && overrun >= 20;
  }));
  shard.stop();
}

TEST_CASE("what several shards learn comes as from one, through a new plan, requests and the end") {
  const base::SystemClock clock;
  boost::asio::io_context io(1);
  Pipeline pipeline;
  auto plan = plan_of(1, 31);
  std::unique_ptr<engine::Engine> engine;
  std::set<probes::ChannelIndex> gone;
  int lead = 0;  // by how much t20 was asked more often than t21, before it was asked out of turn
  const base::MonoTime start = clock.read().mono;
  const auto all_answered = [&](int times) {
    return std::ranges::count_if(pipeline.answered, [&](const auto& entry) { return entry.second >= times; }) >=
           std::ranges::count_if(plan->channels, [](const auto& channel) { return channel.is_active; });
  };
  const auto lead_of_t20 = [&] {
    return pipeline.sent[*plan->find_channel("XX/n/t20/web")] - pipeline.sent[*plan->find_channel("XX/n/t21/web")];
  };
  enum class Part : std::uint8_t { kFirstRound, kNewPlan, kAskNow } part = Part::kFirstRound;
  const auto tick = [&](const base::Moment& now) {
    pipeline.is_in_order = pipeline.is_in_order && now.mono >= pipeline.passed;
    pipeline.passed = now.mono;
    const engine::Health health = engine->health();
    // Nobody hears of a settled round before its results.
    if (health.is_first_round_settled && part == Part::kFirstRound) CHECK(all_answered(1));
    if (part == Part::kFirstRound && health.is_first_round_settled && all_answered(2)) {
      // t1 to t10 give their places to t31 to t35; what is still known of them is dropped.
      const auto next = plan_of(11, 36, plan.get());
      for (std::size_t i = 0; i < plan->channels.size(); ++i) {
        const auto channel = static_cast<probes::ChannelIndex>(i);
        if (next->channels[i].is_active && next->channel_name(channel) == plan->channel_name(channel)) continue;
        pipeline.sent.erase(channel);
        pipeline.answered.erase(channel);
        pipeline.unanswered.erase(channel);
        if (!next->channels[i].is_active) gone.insert(channel);
      }
      plan = next;
      engine->adopt(plan);
      part = Part::kNewPlan;
    } else if (part == Part::kNewPlan && all_answered(2)) {
      const std::vector<probes::ChannelIndex> twenty(20, *plan->find_channel("XX/n/t20/web"));
      lead = lead_of_t20();
      engine->ask_now(twenty);
      part = Part::kAskNow;
    } else if (part == Part::kAskNow && lead_of_t20() >= lead + 10) {
      engine->stop();
    }
    if (now.mono - start > 20s) engine->stop();
  };
  engine::EngineOptions options;
  options.shards = 3;
  options.on_tick = tick;
  auto created = engine::Engine::create(io, clock, pipeline, plan, std::move(options));
  REQUIRE(created);
  engine = std::move(*created);
  engine->start();
  io.run();
  CHECK(part == Part::kAskNow);
  CHECK(lead_of_t20() >= lead + 10);
  CHECK(pipeline.is_in_order);
  CHECK(engine->health().shards == 3);
  CHECK(engine->health().silent_shards == 0);
  CHECK_FALSE(gone.empty());
  for (const probes::ChannelIndex channel : gone) CHECK_FALSE(pipeline.sent.contains(channel));
  // Each result belongs to a probe that was told of, whoever of the shards it was. What never left is overrun at most.
  for (const auto& [channel, answered] : pipeline.answered) CHECK(answered <= pipeline.sent[channel]);
}
