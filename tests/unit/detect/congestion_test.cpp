#include <catch2/catch.hpp>
#include <vector>

#include "daemon/detect/control_loss.hpp"
#include "daemon/detect/loss_watch.hpp"
#include "daemon/detect/vantage.hpp"

namespace blipd::detect {
namespace {

using namespace std::chrono_literals;
using base::MonoTime;

const config::Detect kRules;

std::vector<ControlView> five(const std::vector<Witness>& witnesses, std::size_t up) {
  std::vector<ControlView> views;
  for (std::size_t i = 0; i < witnesses.size(); ++i) {
    views.push_back({i < up ? TargetState::kUp : TargetState::kDown, &witnesses[i]});
  }
  return views;
}

TEST_CASE("In congestion near us half of the controls that would answer is enough", "[vantage]") {
  const std::vector<Witness> witnesses(5);
  VantageTest test;
  test.update(five(witnesses, 2), MonoTime(10s), kRules, 1.0);
  CHECK(test.state() == VantageState::kFault);
  test.update(five(witnesses, 2), MonoTime(11s), kRules, 0.81);  // 2 of 2.025 that it takes
  CHECK(test.state() == VantageState::kFault);
  test.update(five(witnesses, 2), MonoTime(12s), kRules, 0.8);
  CHECK(test.state() == VantageState::kOk);
  test.update(five(witnesses, 1), MonoTime(13s), kRules, 0.5);
  CHECK(test.state() == VantageState::kFault);
}

TEST_CASE("In congestion near us fewer controls vouch for a time, and never none", "[vantage]") {
  std::vector<Witness> witnesses(5);
  for (Witness& w : witnesses) w.on_answer(MonoTime(10s));
  witnesses[0].on_answer(MonoTime(15s));
  const auto testimony = [&](double answered_here) {
    VantageTest test;
    test.update(five(witnesses, 5), MonoTime(20s), kRules, answered_here);
    return test.testimony(MonoTime(11s));
  };
  CHECK(testimony(1.0) == Testimony::kOpen);   // 3 of 5
  CHECK(testimony(0.64) == Testimony::kOpen);  // 2.5 · 0.64² is more than one
  CHECK(testimony(0.63) == Testimony::kVouched);
  witnesses[0] = Witness();
  witnesses[0].on_answer(MonoTime(10s));
  CHECK(testimony(0.5) == Testimony::kOpen);
}

TEST_CASE("Loss of the controls counts from 5 % on, and at most as half", "[control_loss]") {
  const auto share = [](int failed) {
    ControlLoss loss;
    for (int i = 0; i < 10000; ++i) loss.add(MonoTime(1s), MonoTime(1s), false, true);
    for (int i = 0; i < 100; ++i) loss.add(MonoTime(120s), MonoTime(120s), i < failed, true);
    return loss.answered_share(MonoTime(121s));
  };
  CHECK(share(4) == 1.0);
  CHECK(share(6) == Approx(0.94).margin(0.001));
  CHECK(share(40) == Approx(0.6).margin(0.003));
  CHECK(share(80) == 0.5);
}

TEST_CASE("An hour of congestion near us does not become what is usual", "[control_loss]") {
  ControlLoss loss;
  MonoTime now(1s);
  const auto play = [&](base::Duration length, int lost_of_20) {
    int i = 0;
    for (const MonoTime end = now + length; now < end; now += 1s) loss.add(now, now, 7 * i++ % 20 < lost_of_20, true);
  };
  play(24h, 0);
  play(1h, 7);
  CHECK(loss.answered_share(now) == Approx(0.65).margin(0.05));
  play(5min, 0);
  play(2min, 7);
  CHECK(loss.answered_share(now) == Approx(0.65).margin(0.05));
}

TEST_CASE("What a fault of ours lost is no congestion once controls have answered for a while", "[control_loss]") {
  ControlLoss loss;
  const auto add = [&](MonoTime settled, MonoTime sent, int count, int failed) {
    for (int i = 0; i < count; ++i) loss.add(settled, sent, i < failed, false);
  };
  add(MonoTime(10s), MonoTime(7s), 40, 15);
  CHECK(loss.answered_share(MonoTime(10s)) == Approx(0.625));
  loss.end_fault(MonoTime(11s));
  CHECK(loss.answered_share(MonoTime(11s)) == Approx(0.625));
  // Sent before its end, and found lost after it.
  add(MonoTime(13s), MonoTime(11s) - 1ns, 10, 10);
  CHECK(loss.answered_share(MonoTime(13s)) == 0.5);
  add(MonoTime(14s), MonoTime(11s), 9, 0);
  CHECK(loss.answered_share(MonoTime(14s)) == Approx(34.0 / 59));
  add(MonoTime(14s), MonoTime(11s), 1, 0);
  CHECK(loss.answered_share(MonoTime(14s)) == 1);
  CHECK(loss.answered_share_with_faults(MonoTime(14s)) == Approx(35.0 / 60));
  add(MonoTime(15s), MonoTime(12s), 1, 1);  // 10 of 11 answered
  CHECK(loss.answered_share(MonoTime(15s)) == Approx(10.0 / 11));
  add(MonoTime(15s), MonoTime(12s), 1, 1);  // 10 of 12: it may not be over after all
  CHECK(loss.answered_share(MonoTime(15s)) == Approx(35.0 / 62));
}

TEST_CASE("Loss near us is taken off half a minute at a time, so that its end is no loss there", "[loss_watch]") {
  LossWatch watch;
  MonoTime now(0s);
  // Two probes a second; of every twenty so many fail, and the controls say so much.
  const auto play = [&](base::Duration length, int lost_of_20, double answered_here) {
    int i = 0;
    bool is_ever_high = false;
    for (const MonoTime end = now + length; now < end; now += 500ms) {
      watch.add(i++ % 20 < lost_of_20);
      watch.advance(now, true, answered_here, kRules);
      is_ever_high = is_ever_high || watch.is_high();
    }
    return is_ever_high;
  };
  CHECK_FALSE(play(2h, 0, 1.0));
  CHECK_FALSE(play(20min, 7, 0.65));
  CHECK_FALSE(play(20min, 0, 1.0));
  CHECK(play(20min, 7, 1.0));  // the same where the controls know of none
}

}  // namespace
}  // namespace blipd::detect
