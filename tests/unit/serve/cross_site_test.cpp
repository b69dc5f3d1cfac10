#include "daemon/serve/cross_site.hpp"

#include <catch2/catch.hpp>
#include <string>

using blipd::serve::cross_site_problem;

TEST_CASE("programs that are no browsers may ask under any name") {
  CHECK_FALSE(cross_site_problem({"127.0.0.1:10547", "", "", false}));
  CHECK_FALSE(cross_site_problem({"blipd.example:10547", "", "", false}));
}

TEST_CASE("a page of our own may ask, under an address or localhost") {
  for (const char* host :
       {"127.0.0.1:10547", "[::1]:10547", "localhost:10547", "192.0.2.1", "[2001:db8::1]", "localhost"}) {
    INFO(host);
    const std::string origin = std::string("http://") + host;
    CHECK_FALSE(cross_site_problem({host, origin, "same-origin", false}));
    CHECK_FALSE(cross_site_problem({host, origin, "", false}));
    CHECK_FALSE(cross_site_problem({host, "", "none", false}));
  }
}

TEST_CASE("a page of another site may not, however it is sent") {
  CHECK(cross_site_problem({"127.0.0.1:10547", "http://evil.example", "", false}));
  CHECK(cross_site_problem({"127.0.0.1:10547", "null", "", false}));
  CHECK(cross_site_problem({"127.0.0.1:10547", "http://127.0.0.1:8080", "", false}));
  CHECK(cross_site_problem({"127.0.0.1:10547", "", "cross-site", false}));
  CHECK(cross_site_problem({"127.0.0.1:10547", "", "same-site", false}));
  CHECK(cross_site_problem({"127.0.0.1:10547", "http://127.0.0.1:10547", "cross-site", false}));
  CHECK(cross_site_problem({"127.0.0.1:10547", "http://evil.example", "", true}));
}

TEST_CASE("a name that was pointed at us is no proof, unless TLS or a password is bound to it") {
  CHECK(cross_site_problem({"evil.example:10547", "http://evil.example:10547", "", false}));
  CHECK(cross_site_problem({"evil.example:10547", "http://evil.example:10547", "same-origin", false}));
  CHECK(cross_site_problem({"localhost.evil.example", "http://localhost.evil.example", "", false}));
  CHECK_FALSE(cross_site_problem({"blipd.example", "https://blipd.example", "same-origin", true}));
}
