#include "daemon/serve/listen_address.hpp"

#include <catch2/catch.hpp>

using namespace blipd;
using namespace blipd::serve;

namespace {

std::string error_of(std::string_view text) {
  const auto parsed = parse_listen(text);
  return parsed ? "" : parsed.error().text;
}

}  // namespace

TEST_CASE("addresses of both versions, localhost and no address at all can be listened on") {
  const auto v4 = parse_listen("127.0.0.1:10547");
  REQUIRE(v4);
  CHECK(v4->address->to_string() == "127.0.0.1");
  CHECK(v4->port == 10547);
  CHECK(parse_listen("[::1]:80")->address->to_string() == "::1");
  CHECK(parse_listen("localhost:1")->address->to_string() == "127.0.0.1");
  CHECK(!parse_listen(":10547")->address);
  CHECK(parse_listen(":0")->port == 0);
  CHECK(parse_listen(":65535")->port == 65535);
}

TEST_CASE("what cannot be listened on is said with what would work") {
  CHECK(error_of("10547") ==
        "cannot listen on \"10547\": there is no port; write address:port, [address]:port or :port, for example "
        "127.0.0.1:10547");
  CHECK(error_of("127.0.0.1:").find("the port is not a number") != std::string::npos);
  CHECK(error_of("127.0.0.1:65536").find("the port is not a number") != std::string::npos);
  CHECK(error_of("127.0.0.1:-1").find("the port is not a number") != std::string::npos);
  CHECK(error_of("127.0.0.1:80x").find("the port is not a number") != std::string::npos);
  CHECK(error_of("::1:80").find("an IPv6 address needs brackets") != std::string::npos);
  CHECK(error_of("[127.0.0.1]:80").find("brackets are for IPv6") != std::string::npos);
  CHECK(error_of("example.com:80").find("is not an address") != std::string::npos);
  CHECK(error_of("[]:80").find("is not an address") != std::string::npos);
}
