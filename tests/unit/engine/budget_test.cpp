#include "daemon/engine/budget.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

using namespace blipd;
using namespace std::chrono_literals;
using base::Address;
using base::MonoTime;
using engine::Budget;
using engine::RateLimit;

namespace {

Address address(const char* text) { return *Address::parse(text); }

int taken_in_a_second(Budget& budget, const Address& to, MonoTime from) {
  int taken = 0;
  for (auto t = 0ms; t < 1s; t += 1ms) taken += budget.take(to, from + t) ? 1 : 0;
  return taken;
}

}  // namespace

TEST_CASE("a /24 gets its rate and no more, however many addresses share it") {
  config::Budget limits;
  limits.total_rate = 0;
  limits.prefix_rate = 50;
  Budget budget(limits);
  int taken = 0;
  for (auto t = 0ms; t < 10s; t += 1ms) {
    const auto to = address(t.count() % 2 == 0 ? "198.18.1.1" : "198.18.1.200");
    taken += budget.take(to, MonoTime(t)) ? 1 : 0;
  }
  CHECK(taken >= 500);
  CHECK(taken <= 500 + static_cast<int>(RateLimit::kMinBurst));
}

TEST_CASE("another /24 has a budget of its own, another address of a /48 has not") {
  config::Budget limits;
  limits.total_rate = 0;
  limits.prefix_rate = 10;
  Budget budget(limits);
  const int first = taken_in_a_second(budget, address("198.18.1.1"), MonoTime(0s));
  CHECK(taken_in_a_second(budget, address("198.18.2.1"), MonoTime(0s)) == first);
  const int v6 = taken_in_a_second(budget, address("2001:2:0:1::1"), MonoTime(0s));
  CHECK(v6 == first);
  CHECK(taken_in_a_second(budget, address("2001:2:0:2::1"), MonoTime(0s)) == 0);
}

TEST_CASE("a probe that its prefix refuses costs nothing of the whole") {
  config::Budget limits;
  limits.total_rate = 100;
  limits.prefix_rate = 10;
  Budget budget(limits);
  while (budget.take(address("198.18.1.1"), MonoTime(0s))) {
  }
  int others = 0;
  for (int i = 2; i < 250; ++i) {
    others += budget.take(Address::parse(fmt::format("198.18.{}.1", i)).value(), MonoTime(0s)) ? 1 : 0;
  }
  // A tenth of a second of 100 a second, less what the first prefix took.
  CHECK(others == 10 - 8);
}

TEST_CASE("threads that take together take no more than one alone may") {
  config::Budget limits;
  limits.total_rate = 1000;
  limits.prefix_rate = 50;
  Budget budget(limits, Budget::Taken::kByMany);
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      const auto to = address(thread % 2 == 0 ? "198.18.1.1" : "198.18.1.200");
      for (auto t = 0ms; t < 10s; t += 1ms) taken += budget.take(to, MonoTime(t)) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(taken >= 500);
  CHECK(taken <= 500 + static_cast<int>(RateLimit::kMinBurst));
}

TEST_CASE("a limit of zero is none") {
  config::Budget limits;
  limits.total_rate = 0;
  limits.prefix_rate = 0;
  Budget budget(limits);
  CHECK(taken_in_a_second(budget, address("198.18.1.1"), MonoTime(0s)) == 1000);
}

TEST_CASE("addresses on the do-not-probe list are refused, their neighbours are not") {
  config::Budget limits;
  limits.do_not_probe = {*base::Prefix::parse("198.18.4.0/22"), *base::Prefix::parse("2001:2:0:7::/64")};
  const Budget budget(limits);
  CHECK(budget.is_refused(address("198.18.4.0")));
  CHECK(budget.is_refused(address("198.18.7.255")));
  CHECK_FALSE(budget.is_refused(address("198.18.3.255")));
  CHECK_FALSE(budget.is_refused(address("198.18.8.0")));
  CHECK(budget.is_refused(address("2001:2:0:7::1")));
  CHECK_FALSE(budget.is_refused(address("2001:2:0:8::1")));
}

TEST_CASE("what may wait leaves half of a burst to probes, and takes none that they need") {
  config::Budget limits;
  limits.total_rate = 0;
  limits.prefix_rate = 10;
  Budget budget(limits);
  const Address to = address("198.18.1.1");
  int spare = 0;
  while (budget.take_spare(to, MonoTime(10s))) ++spare;
  int first = 0;
  while (budget.take(to, MonoTime(10s))) ++first;
  CHECK(spare + first == static_cast<int>(RateLimit::kMinBurst));
  CHECK(first >= static_cast<int>(RateLimit::kMinBurst) / 2);
  CHECK(spare >= 1);
}

TEST_CASE("beside probes that use up their rate nothing is spare, and nothing is taken from them") {
  config::Budget limits;
  limits.total_rate = 0;
  limits.prefix_rate = 50;
  Budget alone(limits);
  Budget shared(limits);
  const Address to = address("198.18.1.1");
  int probes = 0, probes_beside = 0, spare = 0;
  while (alone.take(to, MonoTime(1000ms)) && shared.take(to, MonoTime(1000ms))) {
  }
  for (auto t = 1001ms; t < 11s; t += 1ms) {
    probes += alone.take(to, MonoTime(t)) ? 1 : 0;
    probes_beside += shared.take(to, MonoTime(t)) ? 1 : 0;
    spare += shared.take_spare(to, MonoTime(t)) ? 1 : 0;
  }
  CHECK(probes_beside == probes);
  CHECK(spare == 0);
}
