#include "daemon/app/supervisor.hpp"

#include <catch2/catch.hpp>
#include <vector>

using blipd::app::Pulse;
using blipd::app::Supervisor;
using namespace std::chrono_literals;
namespace base = blipd::base;

namespace {

struct Scene {
  explicit Scene(std::optional<base::Duration> watchdog = std::nullopt)
      : supervisor([this](const std::string& text) { told.push_back(text); }, watchdog, base::MonoTime(100s)) {}

  bool look(base::Duration at, const Pulse& pulse, const std::string& status = "") {
    return supervisor.look(base::MonoTime(100s) + at, pulse, status);
  }
  std::vector<std::string> take() { return std::exchange(told, {}); }

  std::vector<std::string> told;
  Supervisor supervisor;
};

using Told = std::vector<std::string>;

Pulse asked(std::uint64_t probes, base::Duration period = 5s) { return {true, true, probes, period}; }

}  // namespace

TEST_CASE("ready is said once, when something receives and the first round has settled") {
  Scene scene;
  CHECK_FALSE(scene.look(0s, {false, true, 1, 5s}));
  CHECK_FALSE(scene.look(1s, {true, false, 2, 5s}));
  CHECK(scene.take().empty());
  CHECK(scene.look(2s, {true, true, 3, 5s}));
  CHECK(scene.take() == Told{"READY=1"});
  CHECK_FALSE(scene.look(3s, {true, true, 4, 5s}));
  CHECK(scene.take().empty());
}

TEST_CASE("a first round that takes long keeps nobody waiting for more than 45 s") {
  Scene scene;
  CHECK_FALSE(scene.look(45s - 1ns, {true, false, 1, 3600s}));
  CHECK(scene.look(45s, {true, false, 1, 3600s}));
  CHECK(scene.take() == Told{"READY=1"});
}

TEST_CASE("the watchdog is fed while probes have their turns, and not when they no longer do") {
  Scene scene(20s);
  scene.look(0s, asked(1));
  scene.look(5s, asked(2));
  CHECK(scene.take() == Told{"READY=1", "WATCHDOG=1", "WATCHDOG=1"});
  scene.look(5s + 2 * 5s + 5s, asked(2));  // twice the interval and five seconds after the last turn
  CHECK(scene.take() == Told{"WATCHDOG=1"});
  scene.look(5s + 2 * 5s + 5s + 1ns, asked(2));
  CHECK(scene.take().empty());
  scene.look(30s, asked(3));
  CHECK(scene.take() == Told{"WATCHDOG=1"});
}

TEST_CASE("while a probing thread hangs the watchdog is not fed, however many others turn") {
  Scene scene(20s);
  scene.look(0s, asked(1));
  scene.take();
  Pulse pulse = asked(2);
  pulse.is_whole = false;
  scene.look(5s, pulse);
  CHECK(scene.take().empty());
  pulse = asked(3);
  scene.look(10s, pulse);
  CHECK(scene.take() == Told{"WATCHDOG=1"});
}

TEST_CASE("with nobody to ask, turning is progress enough") {
  Scene scene(20s);
  scene.look(0s, {true, true, 0, std::nullopt});
  scene.look(3600s, {true, true, 0, std::nullopt});
  CHECK(scene.take() == Told{"READY=1", "WATCHDOG=1", "WATCHDOG=1"});
}

TEST_CASE("without a watchdog none is fed") {
  Scene scene;
  scene.look(0s, asked(1));
  CHECK(scene.take() == Told{"READY=1"});
}

TEST_CASE("looks come four times within the watchdog's patience") {
  Scene scene(4s);
  scene.look(0s, asked(1));
  CHECK_FALSE(scene.supervisor.is_due(base::MonoTime(101s) - 1ns));
  CHECK(scene.supervisor.is_due(base::MonoTime(101s)));
}

TEST_CASE("the status is told when it has changed") {
  Scene scene;
  scene.look(0s, asked(1), "one");
  scene.look(5s, asked(2), "one");
  scene.look(10s, asked(3), "two");
  CHECK(scene.take() == Told{"READY=1", "STATUS=one", "STATUS=two"});
}

TEST_CASE("a reload is told with its time, and not before we are ready") {
  Scene scene;
  scene.supervisor.reloading(base::MonoTime(101s));
  scene.supervisor.reloaded();
  CHECK(scene.take().empty());
  scene.look(2s, asked(1));
  scene.supervisor.reloading(base::MonoTime(103s + 5us));
  scene.supervisor.reloaded();
  CHECK(scene.take() == Told{"READY=1", "RELOADING=1\nMONOTONIC_USEC=103000005", "READY=1"});
}
