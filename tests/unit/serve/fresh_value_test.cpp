#include "daemon/serve/fresh_value.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "tests/unit/serve/sample.hpp"

using namespace blipd;
using namespace blipd::serve;
using namespace std::chrono_literals;

namespace {

// Counts the questions and notes what waiters got.
struct Desk {
  int questions = 0;
  std::vector<FreshValue::Value> given;
  FreshValue fresh{[this] { ++questions; }};

  void get(base::Duration at) {
    fresh.get(base::MonoTime(at), [this](const FreshValue::Value& value) { given.push_back(value); });
  }
  void arrived(base::Duration at, const FreshValue::Value& value) { fresh.arrived(base::MonoTime(at), value); }
  void expire(base::Duration at) { fresh.expire(base::MonoTime(at)); }
};

}  // namespace

TEST_CASE("requests that wait at the same time share one question and one value") {
  Desk desk;
  const auto value = sample::small();
  desk.get(0ms);
  desk.get(10ms);
  CHECK(desk.questions == 1);
  CHECK(desk.given.empty());
  desk.arrived(20ms, value);
  CHECK(desk.given == std::vector<FreshValue::Value>{value, value});
}

TEST_CASE("a value is given again until it is 250 ms old, not a nanosecond longer") {
  Desk desk;
  const auto value = sample::small();
  desk.get(0ms);
  desk.arrived(100ms, value);
  desk.get(350ms - 1ns);
  CHECK(desk.given.size() == 2);
  CHECK(desk.questions == 1);
  desk.get(350ms);
  CHECK(desk.given.size() == 2);
  CHECK(desk.questions == 2);
}

TEST_CASE("who has waited for a second gets the last value") {
  Desk desk;
  const auto old = sample::small();
  desk.get(0ms);
  desk.arrived(0ms, old);
  desk.get(5s);
  CHECK(desk.fresh.next_deadline() == base::MonoTime(6s));
  desk.expire(6s - 1ns);
  CHECK(desk.given.size() == 1);
  desk.expire(6s);
  CHECK(desk.given == std::vector<FreshValue::Value>{old, old});
  CHECK(!desk.fresh.next_deadline());
}

TEST_CASE("who has waited for five seconds gets nothing when there never was a value") {
  Desk desk;
  desk.get(0ms);
  desk.expire(5s - 1ns);
  CHECK(desk.given.empty());
  desk.expire(5s);
  CHECK(desk.given == std::vector<FreshValue::Value>{nullptr});
}

TEST_CASE("once the next value begins to be made the last one is let go, and who waits has five seconds") {
  Desk desk;
  auto old = sample::small();
  const std::weak_ptr<const Published> is_kept = old;
  desk.get(0ms);
  desk.arrived(0ms, old);
  desk.given.clear();
  old.reset();
  desk.fresh.begun();  // nobody asked for another one
  CHECK_FALSE(is_kept.expired());
  desk.get(5s);
  desk.fresh.begun();
  CHECK(is_kept.expired());
  CHECK(desk.fresh.next_deadline() == base::MonoTime(10s));
  desk.expire(10s - 1ns);
  CHECK(desk.given.empty());
  desk.get(9s);
  desk.expire(10s);
  CHECK(desk.given == std::vector<FreshValue::Value>{nullptr});
  const auto fresh = sample::small();
  desk.arrived(11s, fresh);
  CHECK(desk.given == std::vector<FreshValue::Value>{nullptr, fresh});
  CHECK(desk.questions == 2);
}

TEST_CASE("while a question is open no second one is asked, however many wait and give up") {
  Desk desk;
  for (int i = 0; i < 100; ++i) {
    desk.get(i * 100ms);
    desk.expire(i * 100ms);
  }
  CHECK(desk.questions == 1);
  desk.arrived(20s, sample::small());
  CHECK(desk.given.size() == 100);
}

TEST_CASE("a question that is given up lets everybody go on at once, and the next one is asked anew") {
  Desk desk;
  const auto old = sample::small();
  desk.get(0ms);
  desk.arrived(0ms, old);
  desk.get(1s);
  desk.fresh.failed();
  CHECK(desk.given == std::vector<FreshValue::Value>{old, old});
  desk.get(2s);
  CHECK(desk.questions == 3);
}

TEST_CASE("a value without a snapshot counts as none") {
  Desk desk;
  desk.get(0ms);
  desk.arrived(1ms, std::make_shared<const Published>());
  CHECK(desk.given == std::vector<FreshValue::Value>{nullptr});
}

TEST_CASE("a waiter may ask again from within its answer") {
  int questions = 0;
  int answers = 0;
  FreshValue fresh([&] { ++questions; });
  fresh.get(base::MonoTime(0ms), [&](const FreshValue::Value&) {
    ++answers;
    fresh.get(base::MonoTime(2s), [&](const FreshValue::Value&) { ++answers; });
  });
  fresh.arrived(base::MonoTime(1ms), sample::small());
  CHECK(answers == 1);
  CHECK(questions == 2);
  fresh.arrived(base::MonoTime(2s), sample::small());
  CHECK(answers == 2);
}
