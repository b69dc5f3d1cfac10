#include "daemon/pipeline/pipeline.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "daemon/detect/judge.hpp"
#include "daemon/detect/recollection.hpp"
#include "daemon/measure/channel.hpp"
#include "daemon/measure/flows.hpp"
#include "daemon/pipeline/http_book.hpp"
#include "daemon/pipeline/minute_book.hpp"
#include "probes/base/prefetch.hpp"

namespace blipd::pipeline {

using probes::Outcome;

using Distance = probes::ResultSink::Distance;

class Pipeline::Impl {
 public:
  Impl(std::shared_ptr<const config::Plan> plan, const base::Moment& start, Keep keep)
      : plan_(plan), judge_(std::move(plan), start), now_(start), started_(start.wall) {
    if (keep == Keep::kMeasures) keep_measures();
  }

  void on_sent(ChannelIndex channel, base::MonoTime at) {
    if (!is_known(channel)) return;
    if (is_measuring_) channels_[channel].on_sent();
    judge_.on_sent(channel, at);
  }

  void on_result(const probes::Result& given, const probes::AnswerDetail* detail) {
    if (!is_known(given.channel)) return;
    if (!judge_.is_void(given)) {
      if (take(given) && is_measuring_) http_.on_result(given, detail);
      return;
    }
    probes::Result result = given;
    result.outcome = Outcome::kAborted;
    result.abort_reason = probes::AbortReason::kVantageFault;
    result.was_sent = true;
    take(result);
  }

  void on_remark(const probes::Remark& remark) {
    if (!is_known(remark.channel)) return;
    if (is_measuring_) channels_[remark.channel].on_remark(remark.kind);
    judge_.on_remark(remark);
    if (minutes_ && remark.kind == probes::RemarkKind::kLate) minutes_->on_late(remark.channel);
  }

  void prefetch(ChannelIndex channel, Distance distance) const {
    if (channel >= plan_->channels.size()) return;
    if (distance == Distance::kFar) {
      base::prefetch(plan_->channels[channel]);
      if (minutes_) minutes_->prefetch(channel);
      if (is_measuring_) channels_[channel].prefetch();
    }
    judge_.prefetch(channel, distance);
  }

  void advance(const base::Moment& now) {
    now_ = now;
    judge_.advance(now);
    if (minutes_) minutes_->advance(now, judge_);
  }

  void keep_minutes() {
    if (minutes_) return;
    if (!is_measuring_) keep_measures();
    minutes_.emplace(channels_);
    minutes_->adopt(plan_);
  }

  std::vector<Minutes> take_minutes() { return minutes_ ? minutes_->take() : std::vector<Minutes>(); }

  void finish_minutes() {
    if (minutes_) minutes_->finish_closing();
  }

  Memory memory() {
    detect::Recollection recollection = judge_.recollect();
    judge_.recollect(recollection, plan_->channels.size());
    const event::OpenEvents open = judge_.open_events();
    return {now_.wall, detect::to_json(recollection), {open.begin(), open.end()}};
  }

  void begin_memory() {
    remembered_ = now_.wall;
    remembering_ = std::make_shared<detect::Recollection>(judge_.recollect());
  }
  bool step_memory(std::size_t channels) {
    if (!remembering_) return false;
    if (!remembering_->is_complete()) judge_.recollect(*remembering_, channels);
    return !remembering_->is_complete();
  }
  Memory finish_memory() {
    step_memory(plan_->channels.size());
    return {remembered_, std::string(), {}, std::exchange(remembering_, nullptr)};
  }

  void adopt(std::shared_ptr<const config::Plan> plan) {
    step_memory(plan_->channels.size());
    finish_minutes();  // what is measured of a channel that goes is still needed for it
    const auto before = std::exchange(plan_, std::move(plan));
    if (is_measuring_) begin_measuring(config::changes_between(before.get(), *plan_).channels);
    judge_.adopt(plan_);
    if (minutes_) minutes_->adopt(plan_);
  }

  std::vector<ChannelIndex> take_urgent() { return judge_.take_urgent(); }

  detect::Judge& judge() { return judge_; }

  std::shared_ptr<Snapshot> begin_snapshot(const base::Moment& now) {
    now_ = now;
    judge_.advance(now);
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->plan = plan_;
    snapshot->taken = now.wall;
    snapshot->started = started_;
    snapshot->channels = ChannelTable(now.wall);
    snapshot->channels.reserve(plan_->channels.size());
    snapshot->flows = flows_.tallies();
    fill_verdicts(*snapshot);
    snapshot->signs = judge_.signs();
    snapshot->signs_passed_over = judge_.signs_passed_over();
    return snapshot;
  }

  void copy_channels(ChannelIndex first, RowBatch& batch) const {
    batch.start(now_);
    for (std::size_t i = first; i < plan_->channels.size() && !batch.is_full(); ++i) {
      const auto index = static_cast<ChannelIndex>(i);
      if (is_known(index) && is_measuring_) {
        batch.add(channels_[i], judge_.channel(index), http_.find(index));
      } else {
        batch.add_nothing();
      }
    }
  }

 private:
  bool is_known(ChannelIndex channel) const {
    return channel < plan_->channels.size() && plan_->channels[channel].is_active;
  }

  void keep_measures() {
    is_measuring_ = true;
    // Room to grow, which costs addresses and no memory: moving them all at a reload would hold up probing.
    channels_.reserve(plan_->channels.size() + plan_->channels.size() / 4);
    begin_measuring(config::changes_between(nullptr, *plan_).channels);
  }

  // These begin anew.
  void begin_measuring(const std::vector<ChannelIndex>& channels) {
    lay_out_flows(channels);
    http_.adopt(*plan_, channels);
    for (const ChannelIndex i : channels) {
      measure::Channel fresh(plan_->channels[i].spec().rtt_buckets.size());
      if (i < channels_.size()) {
        channels_[i] = std::move(fresh);
      } else {
        channels_.push_back(std::move(fresh));
      }
    }
  }

  void lay_out_flows(std::span<const ChannelIndex> channels) {
    std::vector<measure::Flows::Layout> layouts;
    for (const ChannelIndex i : channels) {
      const config::PlannedChannel& planned = plan_->channels[i];
      const std::uint8_t flows = planned.is_active ? planned.spec().flows : std::uint8_t{0};
      if (flows > 1 || !flows_.is_empty()) layouts.push_back({i, flows});
    }
    if (!layouts.empty()) flows_.lay_out(layouts);
  }

  // False: it is none of this channel's.
  bool take(const probes::Result& result) {
    if (!is_measuring_) {
      judge_.on_result(result);
      return true;
    }
    if (minutes_) minutes_->expect(result.channel);
    if (!channels_[result.channel].on_result(result, plan_->channels[result.channel].spec().rtt_buckets)) return false;
    if (!flows_.is_empty()) flows_.on_result(result);
    judge_.on_result(result);
    if (minutes_) minutes_->on_result(result);
    return true;
  }

  base::WallTime wall(base::MonoTime t) const { return now_.wall + (t - now_.mono); }
  std::optional<base::WallTime> wall(const std::optional<base::MonoTime>& t) const {
    if (!t) return std::nullopt;
    return wall(*t);
  }

  void fill_verdicts(Snapshot& s) {
    for (std::size_t i = 0; i < plan_->targets.size(); ++i) {
      s.targets.push_back({judge_.target(static_cast<config::TargetIndex>(i))});
    }
    for (std::size_t i = 0; i < plan_->networks.size(); ++i) {
      const auto v = judge_.network(static_cast<config::NetworkIndex>(i));
      s.networks.push_back(
          {v.state, v.evidence, v.reachable_ratio, v.usual_reachable_ratio, wall(v.since), v.stability});
    }
    for (std::size_t i = 0; i < plan_->countries.size(); ++i) {
      const auto v = judge_.country(static_cast<config::CountryIndex>(i));
      s.countries.push_back({v.level, v.reachable_ratio, v.usual_reachable_ratio, wall(v.since), v.stability});
    }
    const auto v = judge_.vantage();
    s.open_events = judge_.open_events();
    s.vantage = {v.state, v.control_answer_ratio, wall(v.since)};
  }

  std::shared_ptr<const config::Plan> plan_;
  detect::Judge judge_;
  bool is_measuring_ = false;
  std::vector<measure::Channel> channels_;  // by ChannelIndex, while measuring
  measure::Flows flows_;
  HttpBook http_;
  base::Moment now_;
  base::WallTime started_;
  std::optional<MinuteBook> minutes_;
  std::shared_ptr<detect::Recollection> remembering_;  // null: not begun
  base::WallTime remembered_{};                        // when that was
};

Pipeline::Pipeline(std::shared_ptr<const config::Plan> plan, base::Moment start, Keep keep)
    : impl_(std::make_unique<Impl>(std::move(plan), start, keep)) {}
Pipeline::~Pipeline() = default;

void Pipeline::on_sent(ChannelIndex channel, base::MonoTime at) { impl_->on_sent(channel, at); }
void Pipeline::on_result(const probes::Result& result, const probes::AnswerDetail* detail) {
  impl_->on_result(result, detail);
}
void Pipeline::on_remark(const probes::Remark& remark) { impl_->on_remark(remark); }
void Pipeline::prefetch(ChannelIndex channel, Distance distance) const { impl_->prefetch(channel, distance); }
void Pipeline::advance(const base::Moment& now) { impl_->advance(now); }
void Pipeline::adopt(std::shared_ptr<const config::Plan> plan) { impl_->adopt(std::move(plan)); }
std::vector<ChannelIndex> Pipeline::take_urgent() { return impl_->take_urgent(); }
std::vector<event::Event> Pipeline::take_events() { return impl_->judge().take_events(); }
bool Pipeline::attach(const std::string& event_id, event::Evidence more) {
  return impl_->judge().attach(event_id, std::move(more));
}
void Pipeline::keep_minutes() { impl_->keep_minutes(); }
std::vector<Minutes> Pipeline::take_minutes() { return impl_->take_minutes(); }
void Pipeline::finish_minutes() { impl_->finish_minutes(); }
Memory Pipeline::memory() { return impl_->memory(); }
void Pipeline::begin_memory() { impl_->begin_memory(); }
bool Pipeline::step_memory(std::size_t channels) { return impl_->step_memory(channels); }
Memory Pipeline::finish_memory() { return impl_->finish_memory(); }
base::Expected<void> Pipeline::restore(const Memory& memory) {
  return impl_->judge().restore(memory.text(), memory.open);
}
const detect::Judge& Pipeline::judge() const { return impl_->judge(); }
std::shared_ptr<Snapshot> Pipeline::begin_snapshot(const base::Moment& now) { return impl_->begin_snapshot(now); }
void Pipeline::copy_channels(ChannelIndex first, RowBatch& batch) const { impl_->copy_channels(first, batch); }

std::shared_ptr<const Snapshot> Pipeline::snapshot(const base::Moment& now) {
  const auto snapshot = impl_->begin_snapshot(now);
  RowBatch batch;
  while (snapshot->channels.size() < snapshot->plan->channels.size()) {
    impl_->copy_channels(static_cast<ChannelIndex>(snapshot->channels.size()), batch);
    batch.finish(snapshot->channels);
  }
  return snapshot;
}

}  // namespace blipd::pipeline
