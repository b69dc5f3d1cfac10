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

TEST_CASE("what is no address of a daemon is said with what would be one") {
  CHECK(error_of("https://localhost") ==
        "\"https://localhost\" cannot be asked: only http is spoken; write http://host:port, for example "
        "http://127.0.0.1:10547");
  CHECK(error_of("http://localhost:0").find("the port is not") != std::string::npos);
  CHECK(error_of("http://localhost:65536").find("the port is not") != std::string::npos);
  CHECK(error_of("http://localhost:80a").find("the port is not") != std::string::npos);
  CHECK(error_of("http://localhost:").find("the port is not") != std::string::npos);
  CHECK(error_of("http://").find("there is no host") != std::string::npos);
  CHECK(error_of("http://:80").find("there is no host") != std::string::npos);
  CHECK(error_of("http://::1:80").find("needs brackets") != std::string::npos);
  CHECK(error_of("http://user@localhost").find("is not a name") != std::string::npos);
  CHECK(error_of("http://local host").find("blanks") != std::string::npos);
  CHECK(error_of("http://localhost/a\r\nX: y").find("blanks") != std::string::npos);
}
