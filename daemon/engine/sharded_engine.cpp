#include "daemon/engine/sharded_engine.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>
#include <vector>

#include "daemon/engine/common_notices.hpp"
#include "daemon/engine/confluence.hpp"
#include "daemon/engine/shard.hpp"
#include "daemon/engine/tide.hpp"

namespace blipd::engine {

namespace {

namespace asio = boost::asio;

// How often what the shards learned is looked through.
constexpr base::Duration kTurn = std::chrono::milliseconds(10);

// The marks of one of `count`: an echo identifier and a part of the source ports for each.
Marks marks_of(std::uint32_t index, std::uint32_t count, std::uint16_t first_identifier) {
  const probes::PortRange all;
  const std::uint32_t each = all.size() / count;
  const auto first = static_cast<std::uint16_t>(all.first + index * each);
  return {static_cast<std::uint16_t>(first_identifier + index),
          {first, static_cast<std::uint16_t>(first + each - 1)},
          static_cast<std::uint16_t>(first_identifier + config::Engine::kMostShards + index)};
}

class ShardedEngine final : public Engine {
 public:
  ShardedEngine(asio::io_context& io, const base::Clock& clock, probes::ResultSink& sink, EngineOptions options)
      : io_(io),
        clock_(clock),
        sink_(sink),
        on_tick_(std::move(options.on_tick)),
        notices_(std::move(options.notify), clock),
        confluence_(options.shards),
        tide_(options.shards, clock.read()),
        healths_(options.shards),
        timer_(io) {
    const auto asking = options.pace == Pace::kScheduled ? Loop::Asking::kScheduled : Loop::Asking::kOnRequest;
    const auto identifier = static_cast<std::uint16_t>(base::SipKey::random().k0);
    for (std::uint32_t i = 0; i < options.shards; ++i) {
      shards_.push_back(std::make_unique<Shard>(
          clock, asking, marks_of(i, options.shards, identifier),
          [this](Severity severity, std::string_view event, const std::string& text) {
            notices_.tell(severity, event, text);
          },
          // As if it had happened here.
          [this](const std::exception_ptr& error) { asio::post(io_, [error] { std::rethrow_exception(error); }); },
          Handover::kMostCalls, options.make_tap ? options.make_tap() : nullptr));
    }
  }

  base::Expected<void> open(std::shared_ptr<const config::Plan> plan) {
    const std::vector<Orders> orders = orders_of(std::move(plan));
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      if (auto opened = shards_[i]->open(orders[i]); !opened) return opened;
    }
    return {};
  }

  void start() override {
    for (std::size_t i = 0; i < shards_.size(); ++i) shards_[i]->start("blipd-probe-" + std::to_string(i + 1));
    wake();
  }

  void stop() override {
    is_stopped_ = true;
    timer_.cancel();
    for (const auto& shard : shards_) shard->stop();
    take_in();
    let_through(base::MonoTime::max());
  }

  // The sink has the new plan already. What shards learned by the old one, and learn until they have the new one
  // themselves, goes through where it is of a channel that is still the same: see Confluence.
  void adopt(std::shared_ptr<const config::Plan> plan) override {
    const std::vector<Orders> orders = orders_of(std::move(plan));
    for (std::size_t i = 0; i < shards_.size(); ++i) shards_[i]->adopt(orders[i]);
    wake();
  }

  void ask_now(std::span<const probes::ChannelIndex> channels) override {
    std::vector<std::vector<probes::ChannelIndex>> lists(shards_.size());
    for (const probes::ChannelIndex channel : channels) {
      if (channel < plan_->channels.size()) lists[owners_[plan_->channels[channel].target]].push_back(channel);
    }
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      if (!lists[i].empty()) shards_[i]->ask_now(std::move(lists[i]));
    }
  }

  void trace_now(std::span<const config::TraceIndex> traces) override {
    std::vector<std::vector<std::string>> lists(shards_.size());
    for (const config::TraceIndex trace : traces) {
      lists[owners_[plan_->traces[trace].target]].push_back(plan_->trace_name(trace));
    }
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      if (!lists[i].empty()) shards_[i]->trace_now(std::move(lists[i]));
    }
  }

  std::vector<probes::TracedPath> take_paths() override {
    std::vector<probes::TracedPath> all;
    for (const auto& shard : shards_) {
      for (probes::TracedPath& path : shard->take_paths()) all.push_back(std::move(path));
    }
    return all;
  }

  void wake() override {
    is_woken_ = true;
    if (!is_ticking_) sleep_until(clock_.read().mono);
  }

  Health health() override {
    Health health = joined(healths_);
    health.silent_shards = silent_;
    return health;
  }

 private:
  std::vector<Orders> orders_of(std::shared_ptr<const config::Plan> plan) {
    plan_ = std::move(plan);
    const auto count = static_cast<std::uint32_t>(shards_.size());
    owners_ = Share::owners_of(*plan_, count);
    const auto budget = std::make_shared<Budget>(plan_->configuration.budget, Budget::Taken::kByMany);
    std::vector<Orders> orders;
    for (Share& share : Share::split(*plan_, count)) orders.push_back({plan_, budget, std::move(share)});
    return orders;
  }

  void sleep_until(base::MonoTime at) {
    timer_.expires_at(asio::steady_timer::time_point(at.time_since_epoch()));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error && !is_stopped_) tick();
    });
  }

  void tick() {
    is_ticking_ = true;
    is_woken_ = false;
    const base::MonoTime began = clock_.read().mono;
    take_in();
    tide_.look(clock_.read());
    tell_silence(tide_.silent());
    let_through(tide_.mark().mono);
    if (on_tick_) on_tick_(tide_.mark());
    is_ticking_ = false;
    if (is_stopped_) return;
    sleep_until(is_woken_ ? clock_.read().mono + Tick::kBusy : std::max(began + kTurn, clock_.read().mono));
  }

  // All that the shards have handed over.
  void take_in() {
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      std::deque<Batch>& batches = confluence_.batches(i);
      const std::size_t known = batches.size();
      shards_[i]->handover().take(batches);
      if (batches.size() > known) tide_.heard(i, batches.back().end);
    }
  }

  void let_through(base::MonoTime until) {
    confluence_.flow(until, *plan_, sink_, [this](std::size_t shard, Batch&& batch) {
      // Only now, so that nobody hears of a first round that is settled before its results.
      if (batch.health) healths_[shard] = std::move(*batch.health);
      shards_[shard]->handover().give_back(std::move(batch));
    });
  }

  void tell_silence(std::uint32_t now) {
    const std::uint32_t before = std::exchange(silent_, now);
    if (now > before) {
      notices_.tell(Severity::kError, "shard_silent",
                    fmt::format("{} of {} probing threads have not been heard of for {} s: their channels are not "
                                "asked, and the rest is judged without them",
                                now, shards_.size(), base::to_seconds(Tide::kPatience)));
    } else if (now < before) {
      notices_.tell(Severity::kInfo, "shard_recovered",
                    fmt::format("{} of {} probing threads are heard of", shards_.size() - now, shards_.size()));
    }
  }

  asio::io_context& io_;
  const base::Clock& clock_;
  probes::ResultSink& sink_;
  std::function<void(const base::Moment&)> on_tick_;
  CommonNotices notices_;
  std::shared_ptr<const config::Plan> plan_;
  std::vector<std::uint8_t> owners_;  // by TargetIndex: its shard
  Confluence confluence_;
  Tide tide_;
  std::vector<Health> healths_;  // by shard
  std::uint32_t silent_ = 0;     // when last looked
  asio::steady_timer timer_;
  bool is_ticking_ = false;
  bool is_woken_ = false;
  bool is_stopped_ = false;
  std::vector<std::unique_ptr<Shard>> shards_;  // their threads use what stands above: they end first
};

}  // namespace

base::Expected<std::unique_ptr<Engine>> create_sharded_engine(asio::io_context& io, const base::Clock& clock,
                                                              probes::ResultSink& sink,
                                                              std::shared_ptr<const config::Plan> plan,
                                                              EngineOptions options) {
  auto engine = std::make_unique<ShardedEngine>(io, clock, sink, std::move(options));
  if (auto opened = engine->open(std::move(plan)); !opened) return tl::unexpected(opened.error());
  return engine;
}

}  // namespace blipd::engine
