#include "daemon/app/url.hpp"

#include <catch2/catch.hpp>

using namespace blipd;
using namespace blipd::app;

namespace {

std::string error_of(std::string_view text) {
  const auto url = parse_url(text);
  return url ? "" : url.error().text;
}

}  // namespace

TEST_CASE("an address of a daemon has a host, perhaps a port, perhaps a path before the daemon's own") {
  const auto plain = parse_url("http://127.0.0.1:10547");
  REQUIRE(plain);
  CHECK(plain->host == "127.0.0.1");
  CHECK(plain->port == 10547);
  CHECK(plain->path.empty());
  CHECK(plain->authority() == "127.0.0.1:10547");
  CHECK(parse_url("localhost")->port == 80);
  CHECK(parse_url("localhost")->authority() == "localhost");
  CHECK(parse_url("localhost:65535")->port == 65535);
  const auto proxied = parse_url("http://[::1]:8080/behind/a/proxy//");
  REQUIRE(proxied);
  CHECK(proxied->host == "::1");
  CHECK(proxied->with("/api") == "http://[::1]:8080/behind/a/proxy/api");
  CHECK(parse_url("[::1]")->authority() == "[::1]");
}

TEST_CASE("an https address has a port of its own") {
  const auto secure = parse_url("https://blipd.example/at/");
  REQUIRE(secure);
  CHECK(secure->is_secure);
  CHECK(secure->port == 443);
  CHECK(secure->with("/api") == "https://blipd.example/at/api");
  CHECK(parse_url("https://blipd.example:80")->authority() == "blipd.example:80");
  CHECK(parse_url("http://blipd.example:443")->authority() == "blipd.example:443");
}

TEST_CASE("an address with a name or password in it is refused, and not repeated") {
  for (const char* text : {"http://user:hush@localhost", "https://hush@localhost/path", "user:hush@localhost",
                           "http://a:hu sh@localhost", "ftp://hush@localhost"}) {
    INFO(text);
    const std::string error = error_of(text);
    CHECK(error.find("--password-file") != std::string::npos);
    CHECK(error.find("hu") == std::string::npos);
  }
  CHECK(parse_url("http://localhost/a@b"));
}

TEST_CASE("what is no address of a daemon is said with what would be one") {
  CHECK(error_of("ftp://localhost") ==
        "\"ftp://localhost\" cannot be asked: only http and https are spoken; write http://host:port, for example "
        "http://127.0.0.1:10547");
  CHECK(error_of("http://localhost:0").find("the port is not") != std::string::npos);
  CHECK(error_of("http://localhost:65536").find("the port is not") != std::string::npos);
  CHECK(error_of("http://localhost:80a").find("the port is not") != std::string::npos);
  CHECK(error_of("http://localhost:").find("the port is not") != std::string::npos);
  CHECK(error_of("http://").find("there is no host") != std::string::npos);
  CHECK(error_of("http://:80").find("there is no host") != std::string::npos);
  CHECK(error_of("http://::1:80").find("needs brackets") != std::string::npos);
  CHECK(error_of("http://local host").find("blanks") != std::string::npos);
  CHECK(error_of("http://localhost/a\r\nX: y").find("blanks") != std::string::npos);
}
