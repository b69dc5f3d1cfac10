#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

#include "daemon/detect/network_test.hpp"
#include "daemon/detect/reachable.hpp"
#include "daemon/detect/usual.hpp"
#include "daemon/detect/vantage.hpp"

namespace blipd::detect {
namespace {

using namespace std::chrono_literals;
using base::MonoTime;

const config::Detect kRules;

Electorate six() {
  Electorate e;
  e.channels = 6;
  e.targets = 6;
  e.failed_targets = 6;
  e.silent_for = 10s;
  e.strain = kRules.down_threshold;
  e.failure_strength = 6 * failure_evidence(0.99, kRules);
  return e;
}

NetworkTest test_at(double w) {
  NetworkTest test;
  test.add(w, kRules);
  return test;
}

TEST_CASE("Evidence follows the formulas", "[network_test]") {
  CHECK(failure_evidence(0.5, kRules) == Approx(std::log(0.998 / 0.505)));
  CHECK(failure_evidence(0.99, kRules) == Approx(std::log(0.998 / 0.02)));  // the floor: 1 − 0.9801 is below it
  CHECK(answer_evidence(0.5, kRules) == Approx(std::log(0.002 / 0.495)));
}

TEST_CASE("W is clipped on both sides", "[network_test]") {
  CHECK(test_at(11.99).evidence() == 11.99);
  CHECK(test_at(12.0).evidence() == 12.0);
  CHECK(test_at(12.01).evidence() == 12.0);
  CHECK(test_at(-12.01).evidence() == -12.0);
}

TEST_CASE("A network is down from its threshold on", "[network_test]") {
  using Decision = NetworkTest::Decision;
  CHECK(test_at(9.19).decide(six(), kRules) == Decision::kUndecided);
  CHECK(test_at(9.2).decide(six(), kRules) == Decision::kDown);
  CHECK(test_at(9.21).decide(six(), kRules) == Decision::kDown);
  CHECK(test_at(-9.19).decide(six(), kRules) == Decision::kUndecided);
  CHECK(test_at(-9.2).decide(six(), kRules) == Decision::kUp);
  Electorate four = six();
  four.channels = 4;
  CHECK(test_at(6.9).decide(four, kRules) == Decision::kUndecided);
  Electorate three = six();
  three.channels = 3;
  CHECK(test_at(6.89).decide(three, kRules) == Decision::kUndecided);
  CHECK(test_at(6.9).decide(three, kRules) == Decision::kDown);
}

TEST_CASE("Three distinct targets must have failed, or all where there are fewer", "[network_test]") {
  using Decision = NetworkTest::Decision;
  Electorate e = six();
  e.failed_targets = 2;
  CHECK(test_at(12).decide(e, kRules) == Decision::kUndecided);
  e.failed_targets = 3;
  CHECK(test_at(12).decide(e, kRules) == Decision::kDown);
  e.targets = 2;
  e.failed_targets = 1;
  CHECK(test_at(12).decide(e, kRules) == Decision::kUndecided);
  e.failed_targets = 2;
  CHECK(test_at(12).decide(e, kRules) == Decision::kDown);
  e.targets = 0;
  e.failed_targets = 0;
  CHECK(test_at(12).decide(e, kRules) == Decision::kUndecided);
}

TEST_CASE("What congestion would explain is no outage, however rare loss usually is", "[network_test]") {
  CHECK(strain_of_failure(kRules) == Approx(std::log(0.998 / 0.45)));
  Electorate e = six();
  e.strain = 9.19;
  CHECK(test_at(12).decide(e, kRules) == NetworkTest::Decision::kUndecided);
  e.strain = 9.2;
  CHECK(test_at(12).decide(e, kRules) == NetworkTest::Decision::kDown);
  e.channels = 3;
  e.strain = 6.9;
  CHECK(test_at(12).decide(e, kRules) == NetworkTest::Decision::kDown);
}

TEST_CASE("Failures of one moment are one look", "[network_test]") {
  Electorate e = six();
  e.silent_for = kSecondLook - 1ns;
  CHECK(test_at(12).decide(e, kRules) == NetworkTest::Decision::kUndecided);
  e.silent_for = kSecondLook;
  CHECK(test_at(12).decide(e, kRules) == NetworkTest::Decision::kDown);
}

TEST_CASE("As many failures of one host count in full as the network needs", "[network_test]") {
  CHECK(full_failures(six(), kRules) == 2);
  Electorate one = six();
  one.channels = one.targets = 1;
  one.failure_strength = failure_evidence(0.99, kRules);
  const std::size_t needed = full_failures(one, kRules);
  CHECK(needed == 6);
  CHECK(-kRules.clip + static_cast<double>(needed) * one.failure_strength >= kRules.small_down_threshold);
}

TEST_CASE("The usual ratio is the plain mean at first", "[usual]") {
  UsualAnswers usual;
  CHECK_FALSE(usual.is_heard(0.15));
  for (int i = 0; i < 19; ++i) usual.learn_answer(kRules.usual_alpha);
  CHECK_FALSE(usual.is_learned());
  usual.learn_answer(kRules.usual_alpha);
  CHECK(usual.is_learned());
  CHECK(usual.ratio() == Approx(0.99));
  for (int i = 0; i < 20; ++i) {
    usual.learn_failure(kRules.usual_alpha);
    usual.learn_answer(kRules.usual_alpha);
  }
  CHECK(usual.ratio() == Approx((0.9 * 2 + 40) / 62.0));
}

TEST_CASE("A vote is lost below the floor after warm-up, and only then", "[usual]") {
  UsualAnswers usual;
  usual.learn_answer(kRules.usual_alpha);
  for (std::uint16_t i = 1; i < UsualAnswers::kWarmUp; ++i) usual.learn_failure(kRules.usual_alpha);
  CHECK(usual.is_learned());
  CHECK(usual.is_heard(0.15));  // the failures are held back: they may be an outage
  for (int round = 0; round < 40; ++round) {
    usual.learn_answer(kRules.usual_alpha);
    for (int i = 0; i < 12; ++i) usual.learn_failure(kRules.usual_alpha);
  }
  CHECK_FALSE(usual.is_heard(0.15));
  CHECK(usual.has_vote(usual.ratio()));
  CHECK_FALSE(usual.has_vote(usual.ratio() + 1e-9));
}

TEST_CASE("A channel that never answered is learned to be silent and never heard", "[usual]") {
  UsualAnswers usual;
  for (int i = 0; i < 100; ++i) usual.learn_failure(kRules.usual_alpha);
  CHECK(usual.ratio() == UsualAnswers::kLowest);
  CHECK_FALSE(usual.is_heard(0.0));
}

TEST_CASE("Failures of an event are not learned", "[usual]") {
  UsualAnswers usual;
  for (int i = 0; i < 100; ++i) usual.learn_answer(kRules.usual_alpha);
  const double before = usual.ratio();
  for (int i = 0; i < 10; ++i) usual.learn_failure(kRules.usual_alpha);
  usual.forget_held();
  usual.learn_answer(kRules.usual_alpha);
  CHECK(usual.ratio() >= before);
  for (int i = 0; i < 100000; ++i) usual.learn_failure(kRules.usual_alpha);  // a host dead for days
  CHECK(usual.ratio() == before);
}

std::vector<ControlView> controls(const std::vector<Witness>& witnesses, std::size_t up) {
  std::vector<ControlView> views;
  for (std::size_t i = 0; i < witnesses.size(); ++i) {
    views.push_back({i < up ? TargetState::kUp : TargetState::kDown, &witnesses[i]});
  }
  return views;
}

TEST_CASE("The vantage point is at fault when fewer than half of its controls answer", "[vantage]") {
  const std::vector<Witness> four(4);
  const std::vector<Witness> five(5);
  VantageTest test;
  CHECK(test.state() == VantageState::kUnknown);
  CHECK(test.testimony(MonoTime(1s)) == Testimony::kVouched);  // nobody can speak
  test.update(controls(four, 2), MonoTime(10s), kRules);
  CHECK(test.state() == VantageState::kOk);
  CHECK(test.answer_ratio() == 0.5);
  test.update(controls(four, 1), MonoTime(20s), kRules);
  CHECK(test.state() == VantageState::kFault);
  CHECK(test.since() == MonoTime(20s));
  test.update(controls(five, 3), MonoTime(30s), kRules);
  CHECK(test.state() == VantageState::kOk);
  test.update(controls(five, 2), MonoTime(40s), kRules);
  CHECK(test.state() == VantageState::kFault);
  test.update({}, MonoTime(50s), kRules);
  CHECK(test.state() == VantageState::kUnknown);
}

TEST_CASE("What was sent during a fault stays void after it", "[vantage]") {
  const std::vector<Witness> witnesses(2);
  VantageTest test;
  test.update(controls(witnesses, 2), MonoTime(10s), kRules);
  CHECK_FALSE(test.is_void(MonoTime(9s)));
  test.update(controls(witnesses, 0), MonoTime(20s), kRules);
  CHECK(test.is_void(MonoTime(19s)));
  test.update(controls(witnesses, 2), MonoTime(30s), kRules);
  CHECK(test.is_void(MonoTime(30s) - 1ns));
  CHECK_FALSE(test.is_void(MonoTime(30s)));
}

TEST_CASE("A control vouches for what lies between two of its answers, a second before the later", "[witness]") {
  Witness witness;
  witness.on_sent(MonoTime(10s));
  witness.on_answer(MonoTime(10s));
  witness.on_sent(MonoTime(15s));
  witness.on_answer(MonoTime(15s));
  CHECK_FALSE(witness.vouches(MonoTime(10s) - 1ns));
  CHECK(witness.speaks_against(MonoTime(10s) - 1ns));
  CHECK(witness.vouches(MonoTime(10s)));
  CHECK(witness.vouches(MonoTime(14s)));
  CHECK_FALSE(witness.vouches(MonoTime(14s) + 1ns));
  CHECK_FALSE(witness.speaks_against(MonoTime(15s)));
}

TEST_CASE("A control says nothing while an earlier probe of its own may be lost", "[witness]") {
  Witness witness;
  witness.on_sent(MonoTime(10s));
  witness.on_answer(MonoTime(10s));
  witness.on_sent(MonoTime(12s));
  witness.on_sent(MonoTime(15s));
  witness.on_answer(MonoTime(15s));
  CHECK_FALSE(witness.vouches(MonoTime(11s)));
  CHECK_FALSE(witness.speaks_against(MonoTime(11s)));
  SECTION("lost") {
    witness.on_failure(MonoTime(12s));
    CHECK(witness.speaks_against(MonoTime(11s)));
    CHECK(witness.speaks_against(MonoTime(13s)));  // nobody knows when our link came back
    witness.on_sent(MonoTime(20s));
    witness.on_answer(MonoTime(20s));
    CHECK(witness.vouches(MonoTime(15s)));
  }
  SECTION("answered late") {
    witness.on_answer(MonoTime(12s));
    CHECK(witness.vouches(MonoTime(11s)));
  }
  SECTION("aborted") {
    witness.on_aborted(MonoTime(12s));
    CHECK(witness.vouches(MonoTime(11s)));
  }
}

TEST_CASE("A quorum of controls vouches, and a quorum that cannot be speaks against", "[vantage]") {
  std::vector<Witness> witnesses(5);
  for (Witness& w : witnesses) w.on_answer(MonoTime(10s));
  VantageTest test;
  const auto testimony = [&] {
    test.update(controls(witnesses, 5), MonoTime(20s), kRules);
    return test.testimony(MonoTime(11s));
  };
  CHECK(testimony() == Testimony::kOpen);
  witnesses[0].on_answer(MonoTime(15s));
  witnesses[1].on_answer(MonoTime(15s));
  witnesses[2].on_failure(MonoTime(15s));
  witnesses[3].on_failure(MonoTime(15s));
  CHECK(testimony() == Testimony::kOpen);
  SECTION("the last answers") {
    witnesses[4].on_answer(MonoTime(15s));
    CHECK(testimony() == Testimony::kVouched);
  }
  SECTION("the last fails") {
    witnesses[4].on_failure(MonoTime(15s));
    CHECK(testimony() == Testimony::kAgainst);
  }
}

NetworkStanding standing(NetworkState state, double ratio, double weight = 1.0) {
  return {weight, state, ratio, ratio, 0.0};
}

TEST_CASE("A country is total when every voting network is down", "[reachable]") {
  CountryTest test;
  std::vector<NetworkStanding> networks = {standing(NetworkState::kOutage, 0), standing(NetworkState::kOutage, 0)};
  networks.push_back({5.0, NetworkState::kUnknown, std::nullopt, std::nullopt, 0.0});  // has no vote
  test.update(stand(networks), MonoTime(1s), config::Detect{});
  CHECK(test.level() == CountryLevel::kTotal);
  networks[0] = standing(NetworkState::kNormal, 1);
  test.update(stand(networks), MonoTime(2s), config::Detect{});
  CHECK(test.level() == CountryLevel::kPartial);
}

TEST_CASE("A country is partial when more than a fifth of its weight is down", "[reachable]") {
  for (const double weight : {0.24, 0.25, 0.26}) {
    CountryTest test;
    const std::vector<NetworkStanding> networks = {standing(NetworkState::kOutage, 1, weight),
                                                   standing(NetworkState::kNormal, 1, 1.0)};
    test.update(stand(networks), MonoTime(1s), config::Detect{});
    CHECK(test.level() == (weight > 0.25 ? CountryLevel::kPartial : CountryLevel::kNormal));
  }
}

TEST_CASE("A low share makes a country partial after a minute, and ends with hysteresis", "[reachable]") {
  CountryTest test;
  const auto at = [&](double share, MonoTime now) {
    test.update(stand(std::vector{standing(NetworkState::kNormal, share)}), now, config::Detect{});
    return test.level();
  };
  CHECK(at(0.8, MonoTime(0s)) == CountryLevel::kNormal);
  CHECK(at(0.79, MonoTime(100s)) == CountryLevel::kNormal);
  CHECK(at(0.79, MonoTime(160s) - 1ns) == CountryLevel::kNormal);
  CHECK(at(0.79, MonoTime(160s)) == CountryLevel::kPartial);
  CHECK(at(0.84, MonoTime(170s)) == CountryLevel::kPartial);
  CHECK(at(0.85, MonoTime(180s)) == CountryLevel::kNormal);
}

TEST_CASE("A country of which nothing is known is unknown", "[reachable]") {
  CountryTest test;
  test.update(stand({}), MonoTime(1s), config::Detect{});
  CHECK(test.level() == CountryLevel::kUnknown);
  CHECK_FALSE(stand({}).reachable_ratio.has_value());
}

TEST_CASE("Shares are weighted by network", "[reachable]") {
  const std::vector<NetworkStanding> networks = {standing(NetworkState::kNormal, 1, 3.0),
                                                 standing(NetworkState::kNormal, 0.5, 1.0)};
  CHECK(stand(networks).reachable_ratio == 0.875);
}

}  // namespace
}  // namespace blipd::detect
