#include "daemon/serve/query.hpp"

#include <catch2/catch.hpp>

using namespace blipd::serve;

TEST_CASE("a query is names and values, with escapes undone and a plus left alone") {
  CHECK(parse_query("/a")->empty());
  CHECK(parse_query("/a?")->empty());
  CHECK(parse_query("/a?&&")->empty());
  CHECK(*parse_query("/a?x=1&y=%41%2b+&z") == std::vector<Parameter>{{"x", "1"}, {"y", "A++"}, {"z", ""}});
  CHECK(*parse_query("/a?x=1=2#y=3") == std::vector<Parameter>{{"x", "1=2"}});
  CHECK(*parse_query("/a?x=%41") == std::vector<Parameter>{{"x", "A"}});
}

TEST_CASE("broken escapes and control characters are refused") {
  for (const char* target : {"/a?x=%", "/a?x=%4", "/a?x=%4g", "/a?x=%00", "/a?%0a=1", "/a?x=%7f", "/a?x=\t"}) {
    INFO(target);
    CHECK_FALSE(parse_query(target));
  }
}
