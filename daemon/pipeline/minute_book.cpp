#include "daemon/pipeline/minute_book.hpp"

#include <algorithm>
#include <utility>

namespace blipd::pipeline {

namespace {

std::uint32_t milliseconds(base::Duration duration) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

std::optional<float> narrowed(const std::optional<double>& value) {
  if (!value) return std::nullopt;
  return static_cast<float>(*value);
}

}  // namespace

void MinuteBook::adopt(std::shared_ptr<const config::Plan> plan) {
  const auto before = std::exchange(plan_, std::move(plan));
  channels_.resize(plan_->channels.size());
  networks_.resize(plan_->networks.size());
  countries_.resize(plan_->countries.size());
  for (const probes::ChannelIndex i : config::changes_between(before.get(), *plan_).channels) channels_[i] = {};
}

void MinuteBook::on_result(const probes::Result& result) {
  Count& count = channels_[result.channel];
  switch (result.outcome) {
    case probes::Outcome::kAnswered:
      ++count.answered;
      break;
    case probes::Outcome::kLost:
    case probes::Outcome::kUnreachable:
      ++count.lost;
      break;
    case probes::Outcome::kAborted:
      ++count.aborted;
      break;
  }
  if (!result.rtt) return;
  const auto rtt = static_cast<float>(base::to_seconds(*result.rtt));
  count.least = count.rtts == 0 ? rtt : std::min(count.least, rtt);
  count.most = std::max(count.most, rtt);
  count.sum += static_cast<double>(rtt);
  ++count.rtts;
}

void MinuteBook::on_late(probes::ChannelIndex channel) { ++channels_[channel].late; }

void MinuteBook::advance(const base::Moment& now, const detect::Judge& judge) {
  const base::WallTime minute = std::chrono::floor<std::chrono::minutes>(now.wall);
  if (!looked_) {
    looked_ = now;
    minute_ = minute;
    return;
  }
  const base::Duration passed = now.mono - looked_->mono;
  if (passed < kPeriod && minute == minute_) return;
  looked_ = now;
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    const detect::NetworkState state = judge.network(static_cast<config::NetworkIndex>(i)).state;
    if (state == detect::NetworkState::kOutage) networks_[i].down += passed;
    if (state == detect::NetworkState::kUnknown) networks_[i].unknown += passed;
  }
  for (std::size_t i = 0; i < countries_.size(); ++i) {
    const detect::CountryLevel level = judge.country(static_cast<config::CountryIndex>(i)).level;
    if (level == detect::CountryLevel::kTotal) countries_[i].down += passed;
    if (level == detect::CountryLevel::kUnknown) countries_[i].unknown += passed;
  }
  // Also when the wall clock was set back: what has gathered belongs to the minute that it was gathered in.
  if (minute != minute_) close(minute, judge);
}

void MinuteBook::close(base::WallTime next, const detect::Judge& judge) {
  Minutes minutes;
  minutes.start = std::exchange(minute_, next);
  minutes.plan = plan_;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const Count count = std::exchange(channels_[i], {});
    if (!plan_->channels[i].is_active || count.answered + count.lost + count.aborted + count.late == 0) continue;
    ChannelMinute row;
    row.channel = static_cast<probes::ChannelIndex>(i);
    row.answered = count.answered;
    row.lost = count.lost;
    row.aborted = count.aborted;
    row.late = count.late;
    if (count.rtts > 0) {
      row.rtt_least = count.least;
      row.rtt_mean = static_cast<float>(count.sum / count.rtts);
      row.rtt_most = count.most;
    }
    minutes.channels.push_back(row);
  }
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    const Share share = std::exchange(networks_[i], {});
    if (!plan_->networks[i].is_active || plan_->networks[i].is_control()) continue;
    const auto verdict = judge.network(static_cast<config::NetworkIndex>(i));
    minutes.networks.push_back({static_cast<config::NetworkIndex>(i), verdict.state, verdict.stability.is_unstable,
                                milliseconds(share.down), milliseconds(share.unknown),
                                narrowed(verdict.reachable_ratio)});
  }
  for (std::size_t i = 0; i < countries_.size(); ++i) {
    const Share share = std::exchange(countries_[i], {});
    if (!plan_->countries[i].is_active) continue;
    const auto verdict = judge.country(static_cast<config::CountryIndex>(i));
    minutes.countries.push_back({static_cast<config::CountryIndex>(i), verdict.level, verdict.stability.is_unstable,
                                 milliseconds(share.down), milliseconds(share.unknown),
                                 narrowed(verdict.reachable_ratio)});
  }
  if (waiting_.size() == kMostWaiting) waiting_.erase(waiting_.begin());
  waiting_.push_back(std::move(minutes));
}

std::vector<Minutes> MinuteBook::take() { return std::exchange(waiting_, {}); }

}  // namespace blipd::pipeline
