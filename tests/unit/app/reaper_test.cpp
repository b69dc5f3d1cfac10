#include "daemon/app/reaper.hpp"

#include <catch2/catch.hpp>
#include <future>

namespace blipd::app {

namespace {

// Says on which thread it ended.
struct Last {
  explicit Last(std::promise<std::thread::id>& where) : ended(where) {}
  ~Last() { ended.set_value(std::this_thread::get_id()); }
  Last(const Last&) = delete;
  Last& operator=(const Last&) = delete;
  std::promise<std::thread::id>& ended;
};

}  // namespace

TEST_CASE("what is watched ends on the reaper's thread, whoever lets go of it last") {
  std::promise<std::thread::id> ended;
  Reaper reaper;
  auto watched = reaper.watch(std::make_shared<Last>(ended));
  auto another = watched;
  watched.reset();
  auto where = ended.get_future();
  CHECK(where.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
  another.reset();
  CHECK(where.get() != std::this_thread::get_id());
}

TEST_CASE("what is left at the reaper's end has ended with it, and what outlives it ends with its owner") {
  std::promise<std::thread::id> first;
  std::promise<std::thread::id> second;
  std::shared_ptr<Last> late;
  {
    Reaper reaper;
    reaper.leave(std::make_shared<Last>(first));
    late = reaper.watch(std::make_shared<Last>(second));
  }
  auto where = first.get_future();
  REQUIRE(where.wait_for(std::chrono::seconds(0)) == std::future_status::ready);
  CHECK(where.get() != std::this_thread::get_id());
  late.reset();
  CHECK(second.get_future().get() == std::this_thread::get_id());
}

}  // namespace blipd::app
