#include "daemon/simulate/country.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "daemon/simulate/load.hpp"

namespace {

using namespace blipd;
using namespace std::chrono_literals;
using simulate::Country;
using simulate::Decision;
using simulate::Fate;
using simulate::Forgery;
using simulate::Protocol;
using simulate::Question;
using simulate::Reply;

simulate::Scenario scenario(const std::string& yaml) {
  auto loaded = simulate::load_scenario(yaml, "test.yaml");
  for (const auto& fault : loaded.faults) UNSCOPED_INFO(fault.to_string());
  REQUIRE(loaded.faults.empty());
  return loaded.scenario;
}

// One network with one host, 198.18.1.15, that answers as `keys` say.
std::string one_host(const std::string& keys) {
  return "networks: [{name: n, prefixes: [198.18.1.0/24], targets: [{name: t, host: 198.18.1.15, " + keys + "}]}]\n";
}

base::Address address(const char* text) { return base::Address::parse(text).value(); }

Question ping(const char* to = "198.18.1.15") { return {address(to), Protocol::kIcmp, 0}; }

// How many of `count` questions, a millisecond apart, meet the fate.
int count_fate(Country& country, Fate fate, int count) {
  int found = 0;
  for (int i = 0; i < count; ++i) found += country.decide(ping(), i * 1ms).fate == fate ? 1 : 0;
  return found;
}

// Five standard deviations of a binomial share.
double tolerance(double ratio, int count) { return 5.0 * std::sqrt(ratio * (1.0 - ratio) / count); }

}  // namespace

TEST_CASE("random loss has the ratio that the scenario says, whatever the seed") {
  for (const double ratio : {0.01, 0.1, 0.5}) {
    for (const std::uint64_t seed : {1U, 2U, 3U, 2014U}) {
      CAPTURE(ratio, seed);
      Country country(scenario(one_host(fmt::format("loss: {}", ratio))), seed);
      const int count = 20000;
      const double found = count_fate(country, Fate::kLost, count) / static_cast<double>(count);
      CHECK(std::abs(found - ratio) < tolerance(ratio, count));
    }
  }
}

TEST_CASE("a loss of zero never loses and a loss of one always does") {
  Country never(scenario(one_host("loss: 0")), 1);
  CHECK(count_fate(never, Fate::kAnswered, 1000) == 1000);
  Country always(scenario(one_host("loss: 1")), 1);
  CHECK(count_fate(always, Fate::kLost, 1000) == 1000);
}

TEST_CASE("bursts lose the stationary share in runs of the expected length") {
  Country country(scenario(one_host("bursts: {enter: 0.02, leave: 0.25}")), 7);
  const int count = 200000;
  int lost = 0;
  int runs = 0;
  bool was_lost = false;
  for (int i = 0; i < count; ++i) {
    const bool is_lost = country.decide(ping(), i * 1ms).fate == Fate::kLost;
    lost += is_lost ? 1 : 0;
    runs += is_lost && !was_lost ? 1 : 0;
    was_lost = is_lost;
  }
  CHECK(lost / static_cast<double>(count) == Approx(0.02 / 0.27).epsilon(0.05));
  CHECK(lost / static_cast<double>(runs) == Approx(1 / 0.25).epsilon(0.05));
}

TEST_CASE("the same seed gives the same luck and another seed another one") {
  const auto fates = [](std::uint64_t seed) {
    Country country(scenario(one_host("loss: 0.5, rtt: {shape: normal, mean: 50ms, deviation: 9ms}")), seed);
    std::string text;
    for (int i = 0; i < 64; ++i) {
      const Decision decision = country.decide(ping(), i * 1s);
      text += fmt::format("{} {};", static_cast<int>(decision.fate), decision.delay.count());
    }
    return text;
  };
  CHECK(fates(1) == fates(1));
  CHECK(fates(1) != fates(2));
}

TEST_CASE("a host's luck does not depend on what others are asked in between") {
  const std::string yaml =
      "defaults: {loss: 0.5}\nnetworks: [{name: n, targets: [{name: a, host: 198.18.1.1}, {name: b, host: "
      "198.18.1.2}]}]\n";
  Country alone(scenario(yaml), 5);
  Country busy(scenario(yaml), 5);
  for (int i = 0; i < 200; ++i) {
    const Fate expected = alone.decide(ping("198.18.1.1"), i * 1s).fate;
    busy.decide(ping("198.18.1.2"), i * 1s);
    busy.decide({address("198.18.1.1"), Protocol::kTcp, 80}, i * 1s);
    CHECK(busy.decide(ping("198.18.1.1"), i * 1s).fate == expected);
  }
}

TEST_CASE("round trips have the moments of their distribution") {
  struct Case {
    const char* rtt;
    double mean, deviation;
  };
  // A lognormal of median m and sigma s has mean m·exp(s²/2) and deviation mean·sqrt(exp(s²) − 1).
  const double mean = 0.010 * std::exp(0.125);
  const Case cases[] = {
      {"rtt: 40ms", 0.040, 0.0},
      {"rtt: {shape: normal, mean: 40ms, deviation: 5ms}", 0.040, 0.005},
      {"rtt: {shape: exponential, minimum: 30ms, mean: 5ms}", 0.035, 0.005},
      {"rtt: {shape: lognormal, minimum: 30ms, median: 10ms, sigma: 0.5}", 0.030 + mean,
       mean * std::sqrt(std::exp(0.25) - 1.0)},
  };
  for (const Case& each : cases) {
    CAPTURE(each.rtt);
    Country country(scenario(one_host(each.rtt)), 11);
    const int count = 50000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < count; ++i) {
      const double rtt = base::to_seconds(country.decide(ping(), i * 1ms).delay);
      sum += rtt;
      squares += rtt * rtt;
    }
    const double found_mean = sum / count;
    CHECK(found_mean == Approx(each.mean).epsilon(0.01));
    CHECK(std::sqrt(std::max(0.0, squares / count - found_mean * found_mean)) ==
          Approx(each.deviation).epsilon(0.05).margin(1e-6));
  }
}

TEST_CASE("a normal round trip is never below its minimum") {
  Country country(scenario(one_host("rtt: {shape: normal, mean: 40ms, deviation: 20ms, minimum: 35ms}")), 3);
  for (int i = 0; i < 5000; ++i) CHECK(country.decide(ping(), i * 1ms).delay >= 35ms);
}

TEST_CASE("late answers come their delay later and in their share") {
  Country country(scenario(one_host("rtt: 10ms, late: {ratio: 0.2, delay: 2s}")), 3);
  const int count = 10000;
  int late = 0;
  for (int i = 0; i < count; ++i) {
    const Decision decision = country.decide(ping(), i * 1ms);
    CHECK(decision.delay == (decision.is_late ? 2010ms : 10ms));
    late += decision.is_late ? 1 : 0;
  }
  CHECK(std::abs(late / static_cast<double>(count) - 0.2) < tolerance(0.2, count));
}

TEST_CASE("duplicates, reordering, corruption and second DNS answers happen as told") {
  Country country(scenario(one_host("rtt: 10ms, dns: true, duplicated: {ratio: 1, delay: 3ms}, reordered: {ratio: 1, "
                                    "delay: 40ms}, differing: {ratio: 1, delay: 7ms}")),
                  3);
  const Decision dns = country.decide({address("198.18.1.15"), Protocol::kUdp, 53}, 0s);
  CHECK(dns.fate == Fate::kAnswered);
  CHECK(dns.reply == Reply::kDns);
  CHECK(dns.is_reordered);
  CHECK(dns.delay == 50ms);
  CHECK(dns.duplicate == base::Duration(53ms));
  CHECK(dns.differing == base::Duration(57ms));
  CHECK_FALSE(country.decide(ping(), 0s).differing);

  Country broken(scenario(one_host("corrupted: 1, duplicated: {ratio: 1}")), 3);
  const Decision decision = broken.decide(ping(), 0s);
  CHECK(decision.fate == Fate::kCorrupted);
  CHECK_FALSE(decision.duplicate);
}

TEST_CASE("a forger overtakes the true answer and can take its place") {
  Country beside(scenario(one_host("rtt: 10ms, forged: {ratio: 1, wrong: [source]}")), 3);
  const Decision both = beside.decide(ping(), 0s);
  CHECK(both.fate == Fate::kAnswered);
  CHECK(both.forgery == Forgery::kSource);
  CHECK(both.forgery_delay == 5ms);

  Country instead(scenario(one_host("forged: {ratio: 1, wrong: [token], instead: true}")), 3);
  const Decision only = instead.decide(ping(), 0s);
  CHECK(only.fate == Fate::kLost);
  CHECK(only.reply == Reply::kNone);
  CHECK(only.forged_reply == Reply::kEcho);
}

TEST_CASE("an ICMP limit lets its burst through, then its rate") {
  Country country(scenario(one_host("icmp_limit: {rate: 10, burst: 3}")), 1);
  int answered = 0;
  for (int i = 0; i < 5; ++i) answered += country.decide(ping(), 0s).fate == Fate::kAnswered ? 1 : 0;
  CHECK(answered == 3);
  CHECK(country.decide(ping(), 99ms).fate == Fate::kLimited);
  CHECK(country.decide(ping(), 100ms).fate == Fate::kAnswered);
  CHECK(country.decide(ping(), 100ms).fate == Fate::kLimited);
  // Other protocols have no part in it.
  CHECK(country.decide({address("198.18.1.15"), Protocol::kTcp, 80}, 100ms).fate == Fate::kAnswered);
}

TEST_CASE("each port says what the host offers there") {
  const auto reply = [](const std::string& keys, Protocol protocol, std::uint16_t port) {
    Country country(scenario(one_host(keys)), 1);
    return country.decide({address("198.18.1.15"), protocol, port}, 0s).reply;
  };
  CHECK(reply("open: [80]", Protocol::kTcp, 80) == Reply::kSynAck);
  CHECK(reply("open: [80]", Protocol::kTcpData, 80) == Reply::kSegment);
  CHECK(reply("open: [80]", Protocol::kTcp, 81) == Reply::kReset);
  CHECK(reply("others: filtered", Protocol::kTcp, 81) == Reply::kNone);
  CHECK(reply("dns: true", Protocol::kTcp, 53) == Reply::kSynAck);
  CHECK(reply("dns: true", Protocol::kUdp, 53) == Reply::kDns);
  CHECK(reply("dns: false", Protocol::kUdp, 53) == Reply::kNotice);
  CHECK(reply("others: filtered", Protocol::kUdp, 53) == Reply::kNone);
  CHECK(reply("icmp: silent", Protocol::kIcmp, 0) == Reply::kNone);
}

TEST_CASE("an unreachable host is reported by the chosen router, or by the network's first address") {
  Country chosen(scenario(one_host("unreachable: {code: administrative, from: 198.18.100.254}")), 1);
  const Decision decision = chosen.decide(ping(), 0s);
  CHECK(decision.fate == Fate::kUnreachable);
  CHECK(decision.notice == simulate::NoticeCode::kAdministrative);
  CHECK(decision.notice_from == address("198.18.100.254"));

  Country usual(scenario(one_host("unreachable: {}")), 1);
  CHECK(usual.decide(ping(), 0s).notice_from == address("198.18.1.1"));

  Country port(scenario(one_host("icmp: answer")), 1);
  CHECK(port.decide({address("198.18.1.15"), Protocol::kUdp, 9}, 0s).notice_from == address("198.18.1.15"));
}

TEST_CASE("addresses that nobody listed answer as the network's default says") {
  const std::string yaml = R"(
networks:
  - {name: open, prefixes: [198.18.0.0/17], default: answer, rtt: 5ms, targets: [{name: t, host: 198.18.0.9, rtt: 9ms}]}
  - {name: shut, prefixes: [198.18.1.0/24]}
)";
  Country country(scenario(yaml), 1);
  CHECK(country.decide(ping("198.18.0.8"), 0s).delay == 5ms);
  CHECK(country.decide(ping("198.18.0.9"), 0s).delay == 9ms);
  CHECK(country.decide(ping("198.18.1.8"), 0s).fate == Fate::kSilent);  // the longer prefix has the say
  CHECK(country.decide(ping("198.18.128.1"), 0s).fate == Fate::kNobody);
  CHECK(country.decide(ping("2001:2::5"), 0s).fate == Fate::kNobody);
}

TEST_CASE("a sweep of a wide prefix does not grow the country without bound") {
  Country country(scenario("networks: [{name: n, prefixes: [\"2001:2::/48\"], default: answer}]"), 1);
  std::array<std::byte, 16> bytes{};
  const auto origin = address("2001:2::");
  std::ranges::copy(origin.bytes(), bytes.begin());
  for (std::size_t i = 0; i < Country::kMaxUnlistedHosts + 100; ++i) {
    for (std::size_t b = 0; b < 4; ++b) bytes[15 - b] = static_cast<std::byte>((i >> (8 * b)) & 0xffU);
    REQUIRE(country.decide({base::Address::v6(bytes), Protocol::kIcmp, 0}, 0s).fate == Fate::kAnswered);
  }
  CHECK(country.hosts().size() == Country::kMaxUnlistedHosts + 1);
}
