#include "daemon/pipeline/minute_book.hpp"

#include <algorithm>
#include <utility>

namespace blipd::pipeline {

namespace {

std::uint32_t milliseconds(base::Duration duration) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

float seconds_of(measure::RttCode code) { return static_cast<float>(base::to_seconds(measure::decode_rtt(code))); }

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
  network_sums_.resize(plan_->networks.size());
  country_sums_.resize(plan_->countries.size());
  for (const probes::ChannelIndex i : config::changes_between(before.get(), *plan_).channels) channels_[i] = {};
}

void MinuteBook::on_result(const probes::Result& result) {
  Count& count = count_of(result.channel);
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

void MinuteBook::on_late(probes::ChannelIndex channel) { ++count_of(channel).late; }

// A channel that has a result before its turn to be closed has come is closed now.
MinuteBook::Count& MinuteBook::count_of(probes::ChannelIndex channel) {
  Count& count = channels_[channel];
  if (count.minute != number_) close(channel);
  return count;
}

void MinuteBook::advance(const base::Moment& now, const detect::Judge& judge) {
  go_on(kWorkAtOnce);
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
    const detect::NetworkState state = judge.state(static_cast<config::NetworkIndex>(i));
    if (state == detect::NetworkState::kOutage) networks_[i].down += passed;
    if (state == detect::NetworkState::kUnknown) networks_[i].unknown += passed;
  }
  for (std::size_t i = 0; i < countries_.size(); ++i) {
    const detect::CountryLevel level = judge.level(static_cast<config::CountryIndex>(i));
    if (level == detect::CountryLevel::kTotal) countries_[i].down += passed;
    if (level == detect::CountryLevel::kUnknown) countries_[i].unknown += passed;
  }
  // Also when the wall clock was set back: what has gathered belongs to the minute that it was gathered in.
  if (minute != minute_) begin_close(minute, judge);
}

void MinuteBook::close(probes::ChannelIndex channel) {
  Count& count = channels_[channel];
  if (count.minute == number_) return;
  const Count counted = std::exchange(count, {});
  count.minute = number_;
  if (!closing_ || counted.answered + counted.lost + counted.aborted + counted.late == 0) return;
  if (plan_->channels[channel].is_active) close(counted, channel);
}

void MinuteBook::close(const Count& counted, probes::ChannelIndex channel) {
  ChannelMinute row;
  row.channel = channel;
  row.answered = counted.answered;
  row.lost = counted.lost;
  row.aborted = counted.aborted;
  row.late = counted.late;
  gather_codes(channel, counted.rtts);
  if (!codes_.empty()) {
    // A code is up to 2^-15 off: no point may lie beyond the ends for that.
    const auto point = [&](std::size_t percent) {
      return std::clamp(seconds_of(codes_[(codes_.size() * percent + 99) / 100 - 1]), counted.least, counted.most);
    };
    row.rtt = MinuteRtt{counted.least, point(10), point(25),    point(50),
                        point(75),     point(90), counted.most, static_cast<float>(counted.sum / counted.rtts)};
  }
  closing_->channels.push_back(row);
  const config::NetworkIndex network = plan_->channels[channel].network;
  if (!plan_->networks[network].country) return;
  for (Sums* sums : {&network_sums_[network], &country_sums_[*plan_->networks[network].country]}) {
    sums->answered += counted.answered;
    sums->lost += counted.lost;
    for (const measure::RttCode code : codes_) sums->rtts.add(code);
  }
}

// The channel's last so many round trips: nothing younger than the minute has been measured yet (see expect()), and
// nothing of it has left, but for channels that are asked more often than measure::Recent keeps samples.
void MinuteBook::gather_codes(probes::ChannelIndex channel, std::uint32_t round_trips) {
  codes_.clear();
  if (round_trips == 0) return;
  samples_.clear();
  measured_[channel].recent().each([this](const measure::Sample& sample) {
    if (sample.has_rtt()) samples_.push_back(sample);
  });
  // They lie in the order of sequence numbers, which is mostly that in which they came.
  if (!std::ranges::is_sorted(samples_, {}, &measure::Sample::settled)) {
    std::ranges::stable_sort(samples_, {}, &measure::Sample::settled);
  }
  const std::size_t kept = std::min<std::size_t>(samples_.size(), round_trips);
  for (std::size_t i = samples_.size() - kept; i < samples_.size(); ++i) codes_.push_back(samples_[i].code);
  std::ranges::sort(codes_);
}

MinuteSums MinuteBook::Sums::take() {
  MinuteSums taken;
  taken.answered = std::exchange(answered, 0);
  taken.lost = std::exchange(lost, 0);
  if (const auto median = rtts.median()) taken.rtt_median = static_cast<float>(base::to_seconds(*median));
  rtts.clear();
  return taken;
}

// Closes for so much work more, and hands the minute out when all is done.
void MinuteBook::go_on(std::int64_t work) {
  if (!closing_) return;
  constexpr std::size_t kAhead = 12;
  for (; closed_ < channels_.size(); ++closed_) {
    if (work <= 0) return;
    if (closed_ + kAhead < channels_.size()) {
      base::prefetch(channels_[closed_ + kAhead]);
      base::prefetch(measured_[closed_ + kAhead].recent());
    }
    codes_.clear();
    close(static_cast<probes::ChannelIndex>(closed_));
    work -= kChannelWork + static_cast<std::int64_t>(codes_.size());
  }
  const std::size_t networks = closing_->networks.size();
  for (; summed_ < networks + closing_->countries.size(); ++summed_) {
    if (work <= 0) return;
    work -= kMedianWork;
    if (summed_ < networks) {
      NetworkMinute& row = closing_->networks[summed_];
      row.sums = network_sums_[row.network].take();
    } else {
      CountryMinute& row = closing_->countries[summed_ - networks];
      row.sums = country_sums_[row.country].take();
    }
  }
  if (waiting_.size() == kMostWaiting) waiting_.erase(waiting_.begin());
  waiting_.push_back(std::move(*closing_));
  closing_.reset();
}

void MinuteBook::begin_close(base::WallTime next, const detect::Judge& judge) {
  finish_closing();
  Minutes& minutes = closing_.emplace();
  minutes.start = std::exchange(minute_, next);
  minutes.plan = plan_;
  minutes.channels.reserve(channels_.size());
  ++number_;
  closed_ = 0;
  summed_ = 0;
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    const Share share = std::exchange(networks_[i], {});
    if (!plan_->networks[i].is_active || plan_->networks[i].is_control()) continue;
    const auto verdict = judge.network(static_cast<config::NetworkIndex>(i));
    minutes.networks.push_back({static_cast<config::NetworkIndex>(i),
                                verdict.state,
                                verdict.stability.is_unstable,
                                milliseconds(share.down),
                                milliseconds(share.unknown),
                                narrowed(verdict.reachable_ratio),
                                narrowed(verdict.usual_reachable_ratio),
                                {}});
  }
  for (std::size_t i = 0; i < countries_.size(); ++i) {
    const Share share = std::exchange(countries_[i], {});
    if (!plan_->countries[i].is_active) continue;
    const auto verdict = judge.country(static_cast<config::CountryIndex>(i));
    minutes.countries.push_back({static_cast<config::CountryIndex>(i),
                                 verdict.level,
                                 verdict.stability.is_unstable,
                                 milliseconds(share.down),
                                 milliseconds(share.unknown),
                                 narrowed(verdict.reachable_ratio),
                                 narrowed(verdict.usual_reachable_ratio),
                                 {}});
  }
  go_on(kWorkAtOnce);
}

std::vector<Minutes> MinuteBook::take() { return std::exchange(waiting_, {}); }

}  // namespace blipd::pipeline
