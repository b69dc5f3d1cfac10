#include "daemon/journal/journal.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "daemon/journal/store.hpp"
#include "tests/unit/folder.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using base::WallTime;
using journal::Journal;
using journal::JournalReader;
using journal::Watched;

namespace {

std::unique_ptr<Journal> open(const test::Folder& folder) {
  return Journal::open({folder.file("journal.db"), "here", std::chrono::hours(24), {}}, WallTime(100s));
}

std::vector<Watched> watched(const test::Folder& folder) {
  return JournalReader(folder.file("journal.db")).watched(WallTime(0s), WallTime(100000s));
}

// Until the journal's thread has written so.
void wait_until_watched(const test::Folder& folder, WallTime until) {
  for (int i = 0; i < 1000 && (watched(folder).empty() || watched(folder).back().until < until); ++i) {
    std::this_thread::sleep_for(10ms);
  }
  REQUIRE(watched(folder).back().until == until);
}

}  // namespace

TEST_CASE("what lies between alive and resume was not watched, whether it is written at once or later") {
  const test::Folder folder;
  auto journal = open(folder);
  journal->alive(WallTime(110s));
  SECTION("all in one go") {}
  SECTION("in several") { wait_until_watched(folder, WallTime(110s)); }
  journal->resume(WallTime(3710s));
  journal->alive(WallTime(3720s));
  SECTION("with the new stretch written before it goes on") { wait_until_watched(folder, WallTime(3720s)); }
  journal->alive(WallTime(3730s));
  journal->resume(WallTime(4000s));
  journal.reset();
  const auto all = watched(folder);
  REQUIRE(all.size() >= 2);
  CHECK(all[0].from == WallTime(100s));
  CHECK(all[0].until == WallTime(110s));
  CHECK(all[1].from == WallTime(3710s));
  CHECK(all[1].until == WallTime(3730s));
}

TEST_CASE("a stretch that could not be written is written whole when it can be") {
  const test::Folder folder;
  auto journal = open(folder);
  journal->alive(WallTime(110s));
  wait_until_watched(folder, WallTime(110s));
  {
    journal::Connection other(folder.file("journal.db"), journal::Connection::Access::kWrite);
    other.run("BEGIN EXCLUSIVE");
    journal->alive(WallTime(120s));
    journal->resume(WallTime(200s));
    for (int i = 0; i < 1000 && journal->health().is_writing; ++i) std::this_thread::sleep_for(10ms);
    REQUIRE_FALSE(journal->health().is_writing);
    journal->alive(WallTime(210s));
    other.run("ROLLBACK");
  }
  journal->alive(WallTime(220s));
  journal.reset();
  const auto all = watched(folder);
  REQUIRE(all.size() == 2);
  CHECK(all[0].until == WallTime(120s));
  CHECK(all[1].from == WallTime(200s));
  CHECK(all[1].until == WallTime(220s));
}

TEST_CASE("a file that takes the place of another says nothing of the time that the other holds") {
  const test::Folder folder;
  auto journal = open(folder);
  journal->alive(WallTime(110s));
  wait_until_watched(folder, WallTime(110s));
  std::filesystem::rename(folder.file("journal.db"), folder.path() / "aside.db");
  journal->alive(WallTime(120s));
  journal.reset();
  const auto all = watched(folder);
  REQUIRE(all.size() == 1);
  CHECK(all[0].from == WallTime(110s));
  CHECK(all[0].until == WallTime(120s));
}
