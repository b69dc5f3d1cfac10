#include "daemon/engine/health.hpp"

#include <catch2/catch.hpp>

#include "daemon/engine/common_notices.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using engine::Health;
using engine::Severity;

namespace {

struct SetClock final : base::Clock {
  base::Moment now{};
  base::Moment read() const override { return now; }
};

}  // namespace

TEST_CASE("the health of several shards is the sum of what they counted and the worst of what they are") {
  Health good;
  good.is_capturing = true;
  good.clock_source = "capture";
  good.is_first_round_settled = true;
  good.clock_steps = 2;
  good.ticks = 10;
  good.capture_drops = 1;
  good.lag_counts[3] = 5;
  good.lag_sum_seconds = 0.5;
  Health poor = good;
  poor.is_capturing = false;
  poor.clock_source = "kernel";
  poor.is_first_round_settled = false;
  poor.clock_steps = 3;
  const std::vector<Health> shards = {good, poor, good};
  const Health whole = engine::joined(shards);
  CHECK_FALSE(whole.is_capturing);
  CHECK(whole.clock_source == "kernel");
  CHECK_FALSE(whole.is_first_round_settled);
  CHECK(whole.clock_steps == 3);
  CHECK(whole.ticks == 30);
  CHECK(whole.capture_drops == 3);
  CHECK(whole.lag_counts[3] == 15);
  CHECK(whole.lag_sum_seconds == 1.5);
  CHECK(whole.shards == 3);
  CHECK(engine::joined(std::vector<Health>{good, good}).is_first_round_settled);
  CHECK(engine::joined(std::vector<Health>{good, {}}).clock_source == "none");
}

TEST_CASE("what all shards notice is told once, and again when it happens again; what one notices, always") {
  SetClock clock;
  std::vector<std::string> told;
  engine::CommonNotices notices(
      [&](Severity, std::string_view event, const std::string& text) { told.push_back(std::string(event) + text); },
      clock);
  const auto at = [&](base::Duration t) { clock.now.mono = base::MonoTime(t); };
  at(10s);
  notices.tell(Severity::kWarning, "clock_step", "1");
  at(10s + 90ms);
  notices.tell(Severity::kWarning, "clock_step", "2");
  notices.tell(Severity::kWarning, "suspend", "3");
  notices.tell(Severity::kWarning, "send_error", "4");
  notices.tell(Severity::kWarning, "send_error", "5");
  at(11s);
  notices.tell(Severity::kWarning, "clock_step", "6");
  CHECK(told == std::vector<std::string>{"clock_step1", "suspend3", "send_error4", "send_error5", "clock_step6"});
}
