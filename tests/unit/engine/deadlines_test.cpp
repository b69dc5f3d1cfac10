#include "daemon/engine/deadlines.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace blipd;
using namespace std::chrono_literals;
using base::MonoTime;
using engine::Deadline;
using engine::Deadlines;

TEST_CASE("deadlines come when they are due, in order within a timeout, each once") {
  Deadlines deadlines;
  const Deadlines::Class quick = deadlines.class_of(1s);
  const Deadlines::Class slow = deadlines.class_of(5s);
  CHECK(deadlines.class_of(1s) == quick);
  CHECK(deadlines.timeout(slow) == 5s);
  for (probes::Sequence i = 0; i < 60; ++i) {
    deadlines.add(quick, {MonoTime(1s + i * 100ms), 0, i});
    deadlines.add(slow, {MonoTime(5s + i * 100ms), 1, i});
  }
  std::vector<probes::Sequence> due;
  std::vector<std::pair<probes::Sequence, probes::Sequence>> soon;
  const auto take = [&](const Deadline& deadline) {
    due.push_back(deadline.sequence);
    return true;
  };
  const auto expect = [&](const Deadline& far, const Deadline& near) {
    soon.emplace_back(far.sequence, near.sequence);
  };
  deadlines.advance(MonoTime(999ms), take, expect);
  CHECK(due.empty());
  deadlines.advance(MonoTime(1200ms), take, expect);
  CHECK(due == std::vector<probes::Sequence>{0, 1, 2});
  CHECK(soon == std::vector<std::pair<probes::Sequence, probes::Sequence>>{{48, 24}, {49, 25}, {50, 26}});
  deadlines.advance(MonoTime(1200ms), take, expect);
  CHECK(due.size() == 3);
}

TEST_CASE("a deadline that is refused stays for the next time") {
  Deadlines deadlines;
  const Deadlines::Class only = deadlines.class_of(1s);
  for (probes::Sequence i = 0; i < 3; ++i) deadlines.add(only, {MonoTime(1s), 0, i});
  int refusals = 0;
  const auto ignore = [](const Deadline&, const Deadline&) {};
  deadlines.advance(
      MonoTime(2s), [&](const Deadline& d) { return d.sequence == 1 ? (++refusals, false) : true; }, ignore);
  std::vector<probes::Sequence> left;
  deadlines.advance(
      MonoTime(2s), [&](const Deadline& d) { return left.push_back(d.sequence), true; }, ignore);
  CHECK(refusals == 1);
  CHECK(left == std::vector<probes::Sequence>{1, 2});
}
