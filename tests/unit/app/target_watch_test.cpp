#include "daemon/app/target_watch.hpp"

#include <catch2/catch.hpp>

using blipd::app::ChangeFinder;
using blipd::config::FileStamp;

namespace {

std::vector<FileStamp> at(std::int64_t modified) { return {{"targets.json", 1, 2, 100, modified, modified, true}}; }

}  // namespace

TEST_CASE("files as they were read are no change") {
  ChangeFinder finder(at(1));
  CHECK_FALSE(finder.is_changed(at(1)));
  CHECK_FALSE(finder.is_changed(at(1)));
}

TEST_CASE("a change counts once two looks agree on it, and once only") {
  ChangeFinder finder(at(1));
  CHECK_FALSE(finder.is_changed(at(2)));
  CHECK(finder.is_changed(at(2)));
  CHECK_FALSE(finder.is_changed(at(2)));
}

TEST_CASE("a file that is being written is waited for") {
  ChangeFinder finder(at(1));
  for (std::int64_t i = 2; i < 10; ++i) CHECK_FALSE(finder.is_changed(at(i)));
  CHECK(finder.is_changed(at(9)));
}

TEST_CASE("a file that comes or goes is a change") {
  ChangeFinder finder({});
  CHECK_FALSE(finder.is_changed(at(1)));
  CHECK(finder.is_changed(at(1)));
  CHECK_FALSE(finder.is_changed({}));
  CHECK(finder.is_changed({}));
}

TEST_CASE("what changed and changed back meanwhile is no change") {
  ChangeFinder finder(at(1));
  CHECK_FALSE(finder.is_changed(at(2)));
  CHECK_FALSE(finder.is_changed(at(1)));
  CHECK_FALSE(finder.is_changed(at(1)));
}
