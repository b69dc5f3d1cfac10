#include "daemon/evidence/path_book.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/evidence/paths.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using evidence::PathBook;
using test::path;

namespace {

constexpr const char* kName = "XX/net/host/path";
constexpr const char* kTarget = "198.18.9.1";

std::uint64_t changes_of(const std::vector<std::string>& paths) {
  PathBook book;
  for (const std::string& hops : paths) book.add(path(hops, kTarget));
  return book.find(kName)->changes;
}

}  // namespace

TEST_CASE("another router on the way is a change, once") {
  const std::string a = "198.18.1.1 198.18.2.1 198.18.9.1";
  const std::string b = "198.18.1.1 198.18.3.1 198.18.9.1";
  CHECK(changes_of({a, a, a}) == 0);
  CHECK(changes_of({a, b, b}) == 1);
}

TEST_CASE("hops that stay silent now and then are no change") {
  CHECK(changes_of({"198.18.1.1 198.18.2.1 198.18.9.1", "198.18.1.1 * 198.18.9.1", "* 198.18.2.1 198.18.9.1",
                    "198.18.1.1 198.18.2.1 198.18.9.1"}) == 0);
}

TEST_CASE("a path that is cut is no change as far as it goes, nor when it is whole again") {
  CHECK(changes_of({"198.18.1.1 198.18.2.1 198.18.9.1", "198.18.1.1", "", "198.18.1.1 198.18.2.1 198.18.9.1"}) == 0);
}

TEST_CASE("two routers that share a load count as a change when the second is first seen, and then no more") {
  const std::string a = "198.18.1.1 198.18.2.1 198.18.4.1 198.18.9.1";
  const std::string b = "198.18.1.1 198.18.3.1 198.18.4.1 198.18.9.1";
  CHECK(changes_of({a, b, a, b, b, a, a, b}) == 1);
}

TEST_CASE("a way that was left and is taken again is a change each time") {
  const std::string a = "198.18.1.1 198.18.2.1 198.18.4.1 198.18.9.1";
  const std::string b = "198.18.1.1 198.18.3.1 198.18.5.1 198.18.9.1";
  CHECK(changes_of({a, b, a, b}) == 3);
}

TEST_CASE("a target at another distance, or of another address, is a change") {
  CHECK(changes_of({"198.18.1.1 198.18.9.1", "198.18.1.1 * 198.18.9.1"}) == 1);
  PathBook book;
  CHECK_FALSE(book.add(path("198.18.1.1 198.18.9.1", "198.18.9.1")));
  CHECK(book.add(path("198.18.1.1 198.18.9.2", "198.18.9.2")));
}

TEST_CASE("the path from before an event is the last whole one that began before it") {
  PathBook book;
  CHECK(book.find(kName) == nullptr);
  book.add(path("198.18.1.1 198.18.9.1", kTarget, 100));
  book.add(path("198.18.2.1 198.18.9.1", kTarget, 200));
  book.add(path("198.18.2.1", kTarget, 300));
  const evidence::PathRecord& record = *book.find(kName);
  CHECK(record.before(base::WallTime(1000s))->began == base::WallTime(200s));
  CHECK(record.before(base::WallTime(200s))->began == base::WallTime(100s));
  CHECK(record.before(base::WallTime(100s)) == nullptr);
  CHECK(record.latest->began == base::WallTime(300s));
}

TEST_CASE("a trace that could not be made says nothing") {
  PathBook book;
  auto aborted = path("", kTarget);
  aborted.end = probes::PathEnd::kAborted;
  CHECK_FALSE(book.add(aborted));
  CHECK(book.find(kName) == nullptr);
}

TEST_CASE("upstreams are remembered, each once, and what is not traced any more is forgotten") {
  PathBook book;
  book.set_upstream(kName, 1);
  CHECK(book.find(kName) == nullptr);
  book.add(path("198.18.1.1 198.18.9.1", kTarget));
  book.set_upstream(kName, 64501);
  book.set_upstream(kName, 64502);
  book.set_upstream(kName, 0);
  CHECK(book.find(kName)->upstreams == std::set<std::uint32_t>{64501, 64502});
  CHECK(book.find(kName)->upstream == 0);
  CHECK(book.hops_of({kName, "nobody"}).size() == 2);
  book.keep([](const std::string&) { return false; });
  CHECK(book.find(kName) == nullptr);
}
