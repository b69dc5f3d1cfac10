#include "daemon/page/address.hpp"

#include <catch2/catch.hpp>

using namespace blipd;
using page::read_address;

TEST_CASE("Any name survives being put into an address and read from it") {
  for (const std::string name : {"star-jv", "a/b", "a b?c=d&e#f%", "\u4e2d\u56fd", "\xFF\xFE", "<b>", ".."}) {
    CAPTURE(name);
    const auto address = read_address(page::target_path("KP", name, name));
    REQUIRE(address);
    CHECK(address->path == std::vector<std::string>{"country", "KP", "network", name, "target", name});
  }
}

TEST_CASE("A range is read in either form of time") {
  const auto address = read_address("/country/KP?from=2014-12-22T16:15:00Z&to=1419278400&more=x");
  REQUIRE(address);
  CHECK(address->from == base::WallTime(std::chrono::seconds(1419264900)));
  CHECK(address->to == base::WallTime(std::chrono::seconds(1419278400)));
}

TEST_CASE("What makes no sense is refused with what to do") {
  CHECK_FALSE(read_address("/country/%"));
  CHECK_FALSE(read_address("/country/%4"));
  CHECK_FALSE(read_address("/country/%zz"));
  CHECK_FALSE(read_address("/country/%00"));
  CHECK_FALSE(read_address("/?from=yesterday"));
  CHECK_FALSE(read_address("/?to"));
}
