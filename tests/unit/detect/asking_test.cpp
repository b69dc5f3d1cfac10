#include "daemon/detect/asking.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "daemon/detect/overdue.hpp"

namespace blipd::detect {
namespace {

using namespace std::chrono_literals;
using base::MonoTime;

TEST_CASE("Asking out of turn pauses, and over long times keeps to its pace", "[asking]") {
  constexpr auto kPause = 3s;
  constexpr int kSaved = 4;
  constexpr auto kRefill = 60s;
  Pace pace(kRefill, kSaved);
  CHECK(pace.take(MonoTime(0s), kPause));
  CHECK_FALSE(pace.take(MonoTime(kPause) - 1ns, kPause));
  CHECK(pace.take(MonoTime(kPause), kPause));
  int taken = 2;
  for (auto t = MonoTime(4s); t < MonoTime(3600s); t += 1s) taken += pace.take(t, kPause) ? 1 : 0;
  CHECK(taken <= 3600s / kRefill + kSaved);
  CHECK(taken >= 3600s / kRefill);
}

TEST_CASE("When most of what was asked out of turn fails and the network is up, asking becomes rarer", "[asking]") {
  const auto factor_after = [](int failed, int answered, bool is_outage) {
    Patience patience;
    patience.on_asked(MonoTime(10s));
    for (int i = 0; i < failed; ++i) patience.on_result(MonoTime(10s), false);
    for (int i = 0; i < answered; ++i) patience.on_result(MonoTime(10s + 500ms), true);
    patience.on_result(MonoTime(10s + 501ms), false);  // in turn
    patience.on_result(MonoTime(10s - 1ns), false);
    if (is_outage) patience.on_outage();
    patience.on_up(MonoTime(20s));
    CHECK(patience.factor(MonoTime(20s + 6h)) == 1);
    return patience.factor(MonoTime(20s));
  };
  CHECK(factor_after(8, 3, false) == 1);   // too few to tell
  CHECK(factor_after(8, 4, false) == 4);   // two in three
  CHECK(factor_after(12, 8, false) == 1);  // 60 %, which is not more than that
  CHECK(factor_after(12, 0, true) == 1);
}

TEST_CASE("A probe is overdue after a second, where answers are usually quicker", "[asking]") {
  Overdue overdue;
  overdue.resize(2);
  std::vector<probes::ChannelIndex> found;
  const auto advance = [&](MonoTime now) {
    found.clear();
    overdue.advance(
        now, [&](const Asked& asked) { found.push_back(asked.channel); }, [](probes::ChannelIndex) {});
    return found;
  };
  overdue.on_sent(0, MonoTime(1s));  // nothing is known of it yet
  CHECK(advance(MonoTime(5s)).empty());
  overdue.on_answer(0, 799ms);
  overdue.on_answer(1, 801ms);
  overdue.on_sent(0, MonoTime(10s));
  overdue.on_sent(1, MonoTime(10s));
  CHECK(advance(MonoTime(11s) - 1ns).empty());
  CHECK(advance(MonoTime(11s)) == std::vector<probes::ChannelIndex>{0});
  CHECK(advance(MonoTime(12s)).empty());
  for (int i = 0; i < 100; ++i) overdue.on_answer(1, 50ms);  // it was a bad moment
  overdue.on_sent(1, MonoTime(20s));
  CHECK(advance(MonoTime(21s)) == std::vector<probes::ChannelIndex>{1});
}

TEST_CASE("The list of whom to ask has no repeats", "[asking]") {
  AskList list;
  list.resize(5);
  list.add(3);
  list.add(1);
  list.add(3);
  CHECK(list.take() == std::vector<probes::ChannelIndex>{3, 1});
  CHECK(list.take().empty());
  list.add(3);
  CHECK(list.take().size() == 1);
}

}  // namespace
}  // namespace blipd::detect
