#include "daemon/app/chronicler.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

using namespace blipd;
using namespace std::chrono_literals;
using base::BootTime;
using base::Moment;
using base::MonoTime;
using base::WallTime;

namespace {

// What a journal is told of the time in which there was watching.
class Told final : public journal::Journal {
 public:
  explicit Told(std::vector<std::string>& words) : words_(words) {}
  std::optional<pipeline::Memory> recall() override { return std::nullopt; }
  void remember(const event::Event&) override {}
  void remember(pipeline::Minutes) override {}
  void remember(pipeline::Memory) override {}
  void alive(WallTime now) override { say("until", now); }
  void resume(WallTime now) override { say("from", now); }
  void set_retention(base::Duration) override {}
  journal::Health health() const override { return {}; }

 private:
  void say(const std::string& what, WallTime at) {
    words_.push_back(what + ' ' + std::to_string(static_cast<int>(base::to_unix_seconds(at))));
  }
  std::vector<std::string>& words_;
};

struct Bench {
  std::shared_ptr<const config::Plan> plan = config::make_plan(config::Configuration{}, nullptr);
  pipeline::Pipeline pipeline{plan, {}};
  app::Log log{"error"};
  std::vector<std::string> told;
  app::Chronicler chronicler{pipeline, std::make_unique<Told>(told), log};

  void tick(base::Duration mono, base::Duration wall) {
    chronicler.tick(Moment{MonoTime(mono), WallTime(wall), BootTime(mono), {}});
  }
  // One in each second up to `until`, with the wall clock so much further.
  void run(base::Duration from, base::Duration until, base::Duration ahead) {
    for (base::Duration t = from; t <= until; t += 1s) tick(t, t + ahead);
  }
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("while it ticks, there is watching, and that is said every ten seconds") {
  Bench b;
  b.run(1s, 25s, 1000s);
  CHECK(b.told == Words{"until 1001", "until 1011", "until 1021"});
}

TEST_CASE("who was not run for seconds did not watch meanwhile") {
  Bench b;
  b.run(1s, 5s, 1000s);
  b.run(65s, 66s, 1000s);
  CHECK(b.told == Words{"until 1001", "until 1005", "from 1065", "until 1065"});
}

TEST_CASE("nor was there watching in an hour that a suspended machine or a corrected clock passes over") {
  Bench b;
  b.run(1s, 5s, 1000s);
  b.run(6s, 12s, 4600s);
  CHECK(b.told == Words{"until 1001", "until 1005", "from 4606", "until 4611"});
}

TEST_CASE("a clock that is put back takes nothing away of what was watched") {
  Bench b;
  b.run(1s, 5s, 1000s);
  b.run(6s, 12s, 0s);
  CHECK(b.told == Words{"until 1001", "until 11"});
}
