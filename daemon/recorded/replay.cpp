#include "daemon/recorded/replay.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "config/settings.hpp"
#include "daemon/recorded/words.hpp"
#include "probes/base/text.hpp"

namespace blipd::recorded {

namespace {

using pipeline::What;
using probes::Outcome;

// No one is late by more than our own stalls; see take().
constexpr base::Duration kStall = std::chrono::seconds(1);

base::Duration longest_wait(const config::Plan& plan) {
  if (plan.channels.empty()) return config::kLongestTimeout + kStall;
  base::Duration longest{};
  for (const config::PlannedChannel& channel : plan.channels) longest = std::max(longest, channel.spec().timeout);
  return longest + kStall;
}

auto notice_key(const Entry& e) {
  return e.notice ? std::tuple(e.notice->type, e.notice->code, e.notice->sender)
                  : std::tuple(std::uint8_t{0}, std::uint8_t{0}, base::Address());
}

bool is_instant(const Entry& e) { return e.turn.at == e.turn.sent; }

// Whatever is known at the moment of asking comes after what was asked before. Beyond their turns, lines are told apart
// by what they say: those that say the same may swap.
bool is_before(const Entry& a, const Entry& b) {
  if (a.turn.at != b.turn.at) return a.turn.at < b.turn.at;
  if (is_instant(a) != is_instant(b)) return is_instant(b);
  if (a.turn != b.turn) return a.turn < b.turn;
  const auto key = [](const Entry& e) {
    return std::tuple(e.outcome, e.rtt, e.was_sent, e.reason, e.answer, e.sequence);
  };
  if (key(a) != key(b)) return key(a) < key(b);
  return notice_key(a) < notice_key(b);
}

bool is_sent_before(const Entry& a, const Entry& b) {
  if (a.turn.sent != b.turn.sent) return a.turn.sent < b.turn.sent;
  if (a.turn.channel != b.turn.channel) return a.turn.channel < b.turn.channel;
  return is_before(a, b);
}

}  // namespace

Replay::Replay(config::Configuration configuration)
    : directory_(std::move(configuration)), longest_wait_(longest_wait(*directory_.plan())) {}

base::Expected<void> Replay::check_order(base::WallTime learned) const {
  if (!latest_) return {};
  if (learned < *latest_ - kOutOfOrder) {
    return base::fail("time: {} before what earlier lines know; sort the file, a minute at most is sorted here",
                      base::format_duration(std::chrono::floor<std::chrono::milliseconds>(*latest_ - learned)));
  }
  if (learned > *latest_ + kLongestPause) {
    return base::fail("time: {} after the lines before; correct it, or replay what follows by itself",
                      base::format_duration(std::chrono::floor<std::chrono::hours>(learned - *latest_)));
  }
  return {};
}

base::Expected<void> Replay::take(const Row& row) {
  auto read = entry_of(row);
  if (!read) return tl::unexpected<base::Error>(read.error());
  Entry& entry = *read;
  const auto number = directory_.find(row);
  if (!number) return tl::unexpected<base::Error>(number.error());
  if (!entry.is_timed) entry.turn.at += directory_.timeout(*number) + pipeline::kVerdictGrace;
  if (auto is_in_order = check_order(entry.turn.at); !is_in_order) return is_in_order;
  entry.turn.channel = *number;
  const bool is_late = entry.turn.what == What::kLate;
  // A verdict that came so late was held up by a stall of ours; what counts is when it came.
  if (!is_late) entry.turn.sent = std::max(entry.turn.sent, entry.turn.at - longest_wait_);

  const Second second = second_of(is_late ? entry.turn.at : entry.turn.sent);
  if (!latest_) next_ = last_ = second;
  if (!pipeline_) next_ = std::min(next_, second);
  latest_ = std::max(latest_.value_or(entry.turn.at), entry.turn.at);
  play_until(second_of(*latest_ - kOutOfOrder - longest_wait_));
  last_ = std::max(last_, second);
  (is_late ? learned_ : asked_)[second].push_back(entry);
  return {};
}

void Replay::finish() {
  play_until(std::numeric_limits<Second>::max());
  if (!pipeline_) return;
  time_->finish(*pipeline_);
  if (!take_minutes_) return;
  pipeline_->finish_minutes();
  hand_minutes_over();
}

std::optional<Replay::Played> Replay::played() const {
  if (!pipeline_) return std::nullopt;
  return Played{began_, time_->now().wall};
}

void Replay::hand_minutes_over() {
  for (pipeline::Minutes& minutes : pipeline_->take_minutes()) take_minutes_(std::move(minutes));
}

// A pipeline keeps a few minutes only, and there may be days between two lines.
void Replay::pass(base::WallTime until) {
  if (!take_minutes_) return time_->pass(*pipeline_, until);
  while (time_->now().wall < until) {
    time_->pass(*pipeline_, std::min<base::WallTime>(time_->now().wall + std::chrono::minutes(1), until));
    hand_minutes_over();
  }
}

std::vector<event::Event> Replay::take_events() {
  return pipeline_ ? pipeline_->take_events() : std::vector<event::Event>();
}

void Replay::play_until(Second end) {
  for (; next_ < end && next_ <= last_; ++next_) play(next_);
}

void Replay::begin(Second second) {
  const base::WallTime start{std::chrono::seconds(second)};
  time_.emplace(start);
  began_ = start;
  pipeline_.emplace(directory_.plan(), time_->now(), pipeline::Keep::kVerdicts);
  if (take_minutes_) pipeline_->keep_minutes();
}

void Replay::meet_newcomers(const std::vector<Entry>& asked) {
  std::vector<Number> newcomers;
  for (const Entry& entry : asked) {
    if (!directory_.channel(entry.turn.channel)) newcomers.push_back(entry.turn.channel);
  }
  if (newcomers.empty()) return;
  std::ranges::sort(newcomers);
  newcomers.erase(std::unique(newcomers.begin(), newcomers.end()), newcomers.end());
  directory_.grow(newcomers);
  if (pipeline_) pipeline_->adopt(directory_.plan());
}

void Replay::play(Second second) {
  std::vector<Entry>& asked = asked_[second];
  std::vector<Entry>& learned = learned_[second];
  if (asked.empty() && learned.empty()) return;
  meet_newcomers(asked);
  if (!pipeline_) begin(second);
  sequences_.resize(directory_.plan()->channels.size());
  // Late answers came under their numbers. One to a probe that the file does not have says nothing.
  std::erase_if(learned, [this](Entry& e) {
    if (e.turn.what != What::kLate) return false;
    const auto channel = directory_.channel(e.turn.channel);
    e.turn.channel = channel.value_or(e.turn.channel);
    return !channel;
  });
  for (Entry& entry : asked) entry.turn.channel = *directory_.channel(entry.turn.channel);
  std::ranges::sort(asked, is_sent_before);
  for (Entry& entry : asked) {
    entry.sequence = sequences_[entry.turn.channel]++;
    const Second at = second_of(entry.turn.at);
    last_ = std::max(last_, at);
    learned_[at].push_back(entry);
  }
  std::ranges::sort(learned, is_before);

  pass(base::WallTime(std::chrono::seconds(second)));
  auto next = learned.begin();
  for (const Entry& entry : asked) {
    const auto is_due = [&](const Entry& e) {
      if (e.turn.at != entry.turn.sent) return e.turn.at < entry.turn.sent;
      return !is_instant(e) || e.turn.channel < entry.turn.channel;
    };
    for (; next != learned.end() && is_due(*next); ++next) settle(*next);
    if (entry.was_sent) pipeline_->on_sent(entry.turn.channel, pipeline::VirtualTime::mono(entry.turn.sent));
  }
  for (; next != learned.end(); ++next) settle(*next);
  asked.clear();
  learned.clear();
}

void Replay::settle(const Entry& entry) {
  const auto at = pipeline::VirtualTime::mono(entry.turn.at);
  const auto sent = pipeline::VirtualTime::mono(entry.turn.sent);
  const std::optional<base::Duration> rtt =
      entry.rtt < base::Duration::zero() ? std::nullopt : std::optional(entry.rtt);
  const probes::ChannelIndex channel = entry.turn.channel;
  if (entry.turn.what == What::kLate) {
    pipeline_->on_remark({channel, entry.sequence, probes::RemarkKind::kLate, at, rtt, sent});
    return;
  }
  probes::Result result;
  result.channel = channel;
  result.sequence = entry.sequence;
  result.outcome = entry.outcome;
  result.abort_reason = entry.reason;
  result.was_sent = entry.was_sent;
  result.sent = sent;
  result.settled = at;
  result.rtt = rtt;
  result.notice = entry.notice;
  if (entry.outcome == Outcome::kAnswered) {
    result.answer = entry.answer.value_or(usual_answer(directory_.plan()->channels[channel].spec()));
    if (rtt) result.stamps = probes::StampSource::kRecorded;
  }
  ++results_;
  pipeline_->on_result(result, nullptr);
  // What it would have asked is in the file, or was not asked.
  pipeline_->take_urgent();
}

}  // namespace blipd::recorded
