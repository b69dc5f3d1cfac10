#include "daemon/engine/schedule.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>

using namespace blipd;
using namespace std::chrono_literals;
using base::MonoTime;
using engine::phase_of;
using engine::Schedule;

TEST_CASE("each channel is due at its phase and once an interval from then on") {
  Schedule schedule;
  schedule.assign({{0, 1s, 250ms}, {1, 1s, 750ms}}, MonoTime(10s));
  std::vector<std::pair<probes::ChannelIndex, MonoTime>> due;
  const auto collect = [&](probes::ChannelIndex c, MonoTime t) { due.emplace_back(c, t); };
  schedule.advance(MonoTime(10s + 250ms - 1ns), collect);
  CHECK(due.empty());
  schedule.advance(MonoTime(10s + 250ms), collect);
  REQUIRE(due.size() == 1);
  schedule.advance(MonoTime(12s), collect);
  const std::vector<std::pair<probes::ChannelIndex, MonoTime>> expected = {
      {0, MonoTime(10s + 250ms)}, {1, MonoTime(10s + 750ms)}, {0, MonoTime(11s + 250ms)}, {1, MonoTime(11s + 750ms)}};
  CHECK(due == expected);
  CHECK(schedule.next_due() == MonoTime(12s + 250ms));
}

TEST_CASE("an occurrence exactly at the start is over, one just after it is not") {
  Schedule schedule;
  schedule.assign({{0, 1s, 500ms}}, MonoTime(500ms));
  CHECK(schedule.next_due() == MonoTime(1500ms));
  schedule.assign({{0, 1s, 500ms}}, MonoTime(500ms - 1ns));
  CHECK(schedule.next_due() == MonoTime(500ms));
}

TEST_CASE("an empty schedule is never due") {
  Schedule schedule;
  CHECK_FALSE(schedule.next_due());
  schedule.advance(MonoTime(1h), [](auto, auto) { FAIL("due"); });
}

TEST_CASE("many odd intervals give every occurrence once, in any step width") {
  const unsigned seed = GENERATE(11U, 12U, 13U);
  INFO("seed " << seed);
  std::mt19937 random(seed);
  std::vector<Schedule::Entry> entries;
  for (probes::ChannelIndex i = 0; i < 200; ++i) {
    const auto interval = std::chrono::milliseconds(10 + random() % 3000);
    entries.push_back({i, interval, phase_of(std::to_string(i), interval)});
  }
  Schedule schedule;
  const MonoTime from(1234567us), to = from + 20s;
  schedule.assign(entries, from);
  std::map<probes::ChannelIndex, std::vector<MonoTime>> due;
  for (MonoTime now = from; now < to;) {
    now = std::min(to, now + std::chrono::microseconds(random() % 50000));
    schedule.advance(now, [&](probes::ChannelIndex c, MonoTime t) {
      CHECK(t <= now);
      due[c].push_back(t);
    });
  }
  for (const auto& entry : entries) {
    std::vector<MonoTime> expected;
    for (MonoTime t(entry.phase); t <= to; t += entry.interval) {
      if (t > from) expected.push_back(t);
    }
    CHECK(due[entry.channel] == expected);
  }
}

TEST_CASE("adding a channel moves no other") {
  Schedule schedule;
  const std::vector<Schedule::Entry> before = {{0, 5s, phase_of("a", 5s)}, {1, 5s, phase_of("b", 5s)}};
  auto after = before;
  after.push_back({2, 5s, phase_of("c", 5s)});
  std::map<probes::ChannelIndex, std::vector<MonoTime>> first, second;
  schedule.assign(before, MonoTime(0s));
  schedule.advance(MonoTime(1min), [&](auto c, auto t) { first[c].push_back(t); });
  schedule.assign(after, MonoTime(0s));
  schedule.advance(MonoTime(1min), [&](auto c, auto t) { second[c].push_back(t); });
  CHECK(first[0] == second[0]);
  CHECK(first[1] == second[1]);
}

TEST_CASE("phases spread evenly over the interval") {
  constexpr int kBins = 10, kNames = 10000;
  std::array<int, kBins> counts{};
  for (int i = 0; i < kNames; ++i) {
    const auto phase = phase_of("KP/star-jv/ns" + std::to_string(i) + "/ping", 5s);
    REQUIRE(phase >= 0s);
    REQUIRE(phase < 5s);
    ++counts[static_cast<std::size_t>(phase / 500ms)];
  }
  double chi_squared = 0;
  for (const int count : counts) chi_squared += (count - 1000.0) * (count - 1000.0) / 1000.0;
  // 99.99 % quantile of χ² with 9 degrees of freedom.
  CHECK(chi_squared < 33.7);
}

TEST_CASE("a change takes some out and others in, and moves nobody else") {
  const unsigned seed = GENERATE(21U, 22U, 23U);
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto entry = [&](probes::ChannelIndex channel) {
    const std::chrono::milliseconds interval((1 + random() % 3) * 500);
    return Schedule::Entry{channel, interval, std::chrono::milliseconds(random() % 1000) % interval};
  };
  std::map<probes::ChannelIndex, Schedule::Entry> asked;
  Schedule schedule;
  std::map<probes::ChannelIndex, MonoTime> last;  // given, of those who are asked now
  MonoTime now(3s);
  for (int round = 0; round < 200; ++round) {
    std::vector<probes::ChannelIndex> gone;
    std::vector<Schedule::Entry> come;
    for (probes::ChannelIndex channel = 0; channel < 30; ++channel) {
      if (random() % 4 != 0) continue;
      gone.push_back(channel);  // also those who were not asked
      asked.erase(channel);
      last.erase(channel);
      if (random() % 2 == 0) come.push_back(asked[channel] = entry(channel));
    }
    schedule.change(gone, come, now);
    now += std::chrono::milliseconds(random() % 700);
    schedule.advance(now, [&](probes::ChannelIndex channel, MonoTime at) {
      const auto found = asked.find(channel);
      REQUIRE(found != asked.end());
      const auto [given, is_first] = last.emplace(channel, at);
      CHECK(at <= now);
      CHECK((at.time_since_epoch() - found->second.phase) % found->second.interval == 0ns);
      if (!is_first) CHECK(at == given->second + found->second.interval);
      given->second = at;
    });
    // Whoever was given once is never behind.
    for (const auto& [channel, at] : last) CHECK(at + asked[channel].interval > now);
  }
  schedule.advance(now + 3s, [&](probes::ChannelIndex channel, MonoTime at) { last[channel] = at; });
  CHECK(last.size() == asked.size());
}
