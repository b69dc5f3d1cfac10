#include "probes/http.hpp"

#include <catch2/catch.hpp>

namespace blipd::probes {

TEST_CASE("HTTP: a host is a name or an address, and nothing that could end a header") {
  for (const char* good : {"example.net", "a", "www_1.example.", "192.0.2.1", "2001:db8::1"}) {
    INFO(good);
    CHECK(validate_http_host(good));
  }
  for (const char* bad :
       {"", "a b", "a\r\nX: y", "a/b", "user@a", "a:80", "[2001:db8::1]", ".a", "a..b", "ä.example"}) {
    INFO(bad);
    CHECK_FALSE(validate_http_host(bad));
  }
  CHECK(validate_http_host(std::string(253, 'a')));
  CHECK_FALSE(validate_http_host(std::string(254, 'a')));
}

TEST_CASE("HTTP: a path is printable and begins with a slash") {
  for (const char* good : {"/", "/a/b?c=d&e", "/%20"}) CHECK(validate_http_path(good));
  for (const char* bad : {"", "a", "/a b", "/a\r\n", "/a#b", "/ä", "http://a/"}) CHECK_FALSE(validate_http_path(bad));
  CHECK(validate_http_path('/' + std::string(2047, 'a')));
  CHECK_FALSE(validate_http_path('/' + std::string(2048, 'a')));
}

TEST_CASE("HTTP: a User-Agent is printable, or nothing") {
  CHECK(validate_user_agent(""));
  CHECK(validate_user_agent("blipd (+https://example.net/)"));
  CHECK_FALSE(validate_user_agent("a\nb"));
  CHECK_FALSE(validate_user_agent(std::string(257, 'a')));
}

TEST_CASE("HTTP: a spec with a broken expectation is no probe") {
  HttpSpec spec;
  CHECK(HttpProbe::make(spec));
  spec.expect.body_matches = {"("};
  CHECK_FALSE(HttpProbe::make(spec));
}

}  // namespace blipd::probes
