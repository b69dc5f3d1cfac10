#include "config/names.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "config/keys.hpp"

namespace blipd::config {

TEST_CASE("hosts are addresses of one host or domain names of RFC 1123") {
  for (const char* good : {"192.0.2.1", "2001:db8::1", "localhost", "a.b", "example.net.", "3com.com",
                           "xn--p1ai.xn--p1ai", "a-b.c", "1.2.3.4.example", "255.255.255.254"}) {
    INFO(good);
    CHECK_FALSE(host_problem(good));
  }
  for (const char* bad : {"",
                          ".",
                          "..",
                          "a..b",
                          "-a.b",
                          "a-.b",
                          "a_b.c",
                          "192.0.2",
                          "192.0.2.256",
                          "1.2.3.4.5",
                          "a b",
                          "http://a.b",
                          "a/b",
                          "[::1]",
                          "::1%lo",
                          "0.0.0.0",
                          "::",
                          "224.0.0.0",
                          "239.255.255.255",
                          "255.255.255.255",
                          "ff02::1",
                          "::ffff:1.2.3.4",
                          "a.b:80",
                          "é.fr"}) {
    INFO(bad);
    CHECK(host_problem(bad));
  }
}

TEST_CASE("a domain name has labels of at most 63 and at most 253 characters") {
  const std::string label(63, 'a');
  CHECK_FALSE(host_problem(label + ".b"));
  CHECK(host_problem(label + "a.b"));
  const std::string three = label + '.' + label + '.' + label + '.';
  CHECK_FALSE(host_problem(three + std::string(61, 'b')));
  CHECK_FALSE(host_problem(three + std::string(61, 'b') + '.'));
  CHECK(host_problem(three + std::string(62, 'b')));
}

TEST_CASE("a name has 1 to 255 bytes, no slash, no control character and no space at its ends") {
  CHECK_FALSE(name_problem("ns1 of the ministry, 2nd"));
  CHECK_FALSE(name_problem("조선"));
  CHECK_FALSE(name_problem(std::string(255, 'x')));
  for (const std::string& bad : {std::string(), std::string(256, 'x'), std::string("a/b"), std::string("a\tb"),
                                 std::string("a\x7f"), std::string(" a"), std::string("a "), std::string("a\0b", 3)}) {
    INFO(bad);
    CHECK(name_problem(bad));
  }
}

TEST_CASE("interfaces have 1 to 15 bytes") {
  CHECK_FALSE(interface_problem("eth0.100@if3"));
  CHECK_FALSE(interface_problem("exactly-15-byte"));
  CHECK(interface_problem("exactly-16-bytes"));
  CHECK(interface_problem(""));
  CHECK(interface_problem("a b"));
  CHECK(interface_problem("a/b"));
  CHECK(interface_problem(".."));
}

TEST_CASE("what to listen on is an address with a port") {
  for (const char* good : {"127.0.0.1:10547", "[::1]:1", "localhost:65535", ":8080", "0.0.0.0:0"}) {
    INFO(good);
    CHECK_FALSE(listen_problem(good));
  }
  for (const char* bad : {"", "10547", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80x",
                          "::1:80", "[127.0.0.1]:80", "example.net:80", "[::1]"}) {
    INFO(bad);
    CHECK(listen_problem(bad));
  }
}

TEST_CASE("public addresses are told from those set aside") {
  const auto is = [](const char* text) { return is_public(base::Address::parse(text).value()); };
  for (const char* text : {"8.8.8.8", "198.17.255.255", "198.20.0.0", "172.15.255.255", "172.32.0.0", "2001:4860::1"}) {
    INFO(text);
    CHECK(is(text));
  }
  for (const char* text : {"10.0.0.1", "127.0.0.1", "198.18.0.0", "198.19.255.255", "172.16.0.0", "172.31.255.255",
                           "192.168.1.1", "169.254.1.1", "100.64.0.1", "2001:2::1", "fe80::1", "fd00::1", "::1"}) {
    INFO(text);
    CHECK_FALSE(is(text));
  }
}

TEST_CASE("the key that was probably meant is one or two slips away, or begins like it") {
  CHECK(nearest("intervall", keys::kSettings) == "interval");
  CHECK(nearest("intreval", keys::kSettings) == "interval");
  CHECK(nearest("nterva", keys::kSettings) == "interval");
  CHECK_FALSE(nearest("nterv", keys::kSettings));
  CHECK(nearest("tlt", keys::kSettings) == "ttl");
  CHECK_FALSE(nearest("xyz", keys::kSettings));
  CHECK(nearest("rtt", keys::kSettings) == "rtt_buckets");
  CHECK(nearest("inter", keys::kSettings) == "interval");
  CHECK_FALSE(nearest("in", keys::kSettings));
  CHECK_FALSE(nearest("", keys::kSettings));
  CHECK_FALSE(nearest(std::string(100'000, 'x'), keys::kSettings));
}

}  // namespace blipd::config
