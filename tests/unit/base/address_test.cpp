#include "probes/base/address.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <unordered_set>

#include "tests/unit/hex.hpp"

using namespace blipd::base;
using blipd::test::to_hex;

namespace {

Address address(std::string_view text) { return Address::parse(text).value(); }
Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }

bool bit(const Address& a, unsigned position) {
  return (std::to_integer<unsigned>(a.bytes()[position / 8]) >> (7U - position % 8U) & 1U) != 0;
}

}  // namespace

TEST_CASE("an IPv4 address keeps its bytes in network order") {
  const Address a = address("192.0.2.15");
  CHECK(a.is_v4());
  CHECK(to_hex(a.bytes()) == "c000020f");
  CHECK(a == Address::v4(a.bytes().first<4>()));
}

TEST_CASE("an IPv6 address keeps its bytes in network order") {
  const Address a = address("2001:db8::15");
  CHECK(a.is_v6());
  CHECK(to_hex(a.bytes()) == "20010db8000000000000000000000015");
  CHECK(a == Address::v6(a.bytes().first<16>()));
}

TEST_CASE("addresses are written in the canonical form of RFC 5952") {
  const auto [text, canonical] = GENERATE(table<const char*, const char*>({
      {"192.0.2.1", "192.0.2.1"},
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"0:0:0:0:0:0:0:1", "::1"},
      {"2001:0DB8::0001", "2001:db8::1"},                // 4.1, 4.3
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // 4.2.2: one zero field stays
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // 4.2.3: the longest run
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     // 4.2.3: the first of equal runs
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},          // 5
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
  }));
  CHECK(address(text).to_string() == canonical);
  CHECK(address(canonical) == address(text));
}

TEST_CASE("what is no address is refused and named") {
  const auto text =
      GENERATE(as<std::string>{}, "", " ", "192.0.2", "192.0.2.256", "192.0.2.1.1", "192.0.2.01", "192.0.2.1 ",
               "0xc0000201", "3221225985", "2001:db8", "2001:db8::1::1", "2001:db8::g", "[::1]", "fe80::1%eth0",
               "localhost", std::string("192.0.2.1\0", 10), std::string(64, '1'), std::string(5000, ':'));
  const auto parsed = Address::parse(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().text == "'" + text.substr(0, 64) + "' is not an IP address");
}

TEST_CASE("unspecified and loopback addresses are known in both families") {
  CHECK(Address{}.is_unspecified());
  CHECK(Address{} == address("0.0.0.0"));
  CHECK(address("::").is_unspecified());
  CHECK_FALSE(address("0.0.0.1").is_unspecified());
  CHECK_FALSE(address("::1").is_unspecified());
  CHECK(address("127.0.0.1").is_loopback());
  CHECK(address("127.255.255.255").is_loopback());
  CHECK_FALSE(address("126.255.255.255").is_loopback());
  CHECK_FALSE(address("128.0.0.0").is_loopback());
  CHECK(address("::1").is_loopback());
  CHECK_FALSE(address("::2").is_loopback());
}

TEST_CASE("an IPv4 address never equals an IPv6 one") {
  CHECK(address("0.0.0.0") != address("::"));
  CHECK(address("192.0.2.1") != address("::ffff:192.0.2.1"));
}

TEST_CASE("addresses order by family, then as numbers") {
  CHECK(address("9.0.0.0") < address("10.0.0.0"));
  CHECK(address("255.255.255.255") < address("::"));
  CHECK(address("2001:db8::9") < address("2001:db8::a"));
}

TEST_CASE("a prefix holds its first and its last address and not their neighbours") {
  const auto [text, before, first, last, after] =
      GENERATE(table<const char*, const char*, const char*, const char*, const char*>({
          {"198.18.0.0/15", "198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
          {"192.0.2.0/24", "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
          {"192.0.2.128/25", "192.0.2.127", "192.0.2.128", "192.0.2.255", "192.0.3.0"},
          {"192.0.2.15", "192.0.2.14", "192.0.2.15", "192.0.2.15", "192.0.2.16"},
          {"2001:2::/48", "2001:1:ffff:ffff:ffff:ffff:ffff:ffff", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff",
           "2001:2:1::"},
          {"2001:db8::/33", "2001:db7:ffff::", "2001:db8::", "2001:db8:7fff:ffff::", "2001:db8:8000::"},
      }));
  const Prefix p = prefix(text);
  CHECK_FALSE(p.contains(address(before)));
  CHECK(p.contains(address(first)));
  CHECK(p.contains(address(last)));
  CHECK_FALSE(p.contains(address(after)));
}

TEST_CASE("the empty prefix holds all of its family and none of the other") {
  CHECK(prefix("0.0.0.0/0").contains(address("255.255.255.255")));
  CHECK_FALSE(prefix("0.0.0.0/0").contains(address("::")));
  CHECK(prefix("::/0").contains(address("ffff::")));
  CHECK_FALSE(prefix("::/0").contains(address("0.0.0.0")));
}

TEST_CASE("containment agrees with comparing bit by bit, at every length") {
  constexpr unsigned kSeed = 20141222;
  INFO("seed " << kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < 200; ++round) {
    std::array<std::byte, 16> a{};
    for (auto& b : a) b = static_cast<std::byte>(random());
    auto b = a;
    b.at(random() % 16) ^= static_cast<std::byte>(1U << random() % 8);
    for (const bool is_v4 : {true, false}) {
      const Bytes bytes_a(a);
      const Bytes bytes_b(b);
      const Address one = is_v4 ? Address::v4(bytes_a.first<4>()) : Address::v6(bytes_a.first<16>());
      const Address other = is_v4 ? Address::v4(bytes_b.first<4>()) : Address::v6(bytes_b.first<16>());
      bool is_same_so_far = true;
      for (unsigned length = 0; length <= (is_v4 ? 32U : 128U); ++length) {
        if (length > 0) is_same_so_far = is_same_so_far && bit(one, length - 1) == bit(other, length - 1);
        REQUIRE(Prefix(one, length).contains(other) == is_same_so_far);
      }
    }
  }
}

TEST_CASE("a prefix made of an address drops the host bits and stays within the family's length") {
  CHECK(Prefix(address("192.0.2.77"), 24) == prefix("192.0.2.0/24"));
  CHECK(Prefix(address("2001:db8:1:2::3"), 48) == prefix("2001:db8:1::/48"));
  CHECK(Prefix(address("192.0.2.77"), 33).length() == 32);
  CHECK(Prefix(address("::1"), 129).length() == 128);
}

TEST_CASE("prefixes are written as they are read, a bare address with its whole length") {
  CHECK(prefix("192.0.2.0/24").to_string() == "192.0.2.0/24");
  CHECK(prefix("192.0.2.1").to_string() == "192.0.2.1/32");
  CHECK(prefix("2001:DB8::/32").to_string() == "2001:db8::/32");
  CHECK(prefix("2001:db8::1").to_string() == "2001:db8::1/128");
}

TEST_CASE("a prefix with a wrong length or host bits is refused, with the remedy") {
  const auto [text, message] = GENERATE(table<const char*, const char*>({
      {"192.0.2.1/24", "'192.0.2.1/24' has host bits set; the prefix is 192.0.2.0/24"},
      {"2001:db8::1/64", "'2001:db8::1/64' has host bits set; the prefix is 2001:db8::/64"},
      {"192.0.2.0/33", "'192.0.2.0/33' is not a prefix; its length is a number from 0 to 32"},
      {"2001:db8::/129", "'2001:db8::/129' is not a prefix; its length is a number from 0 to 128"},
      {"192.0.2.0/", "'192.0.2.0/' is not a prefix; its length is a number from 0 to 32"},
      {"192.0.2.0/-1", "'192.0.2.0/-1' is not a prefix; its length is a number from 0 to 32"},
      {"192.0.2.0/24x", "'192.0.2.0/24x' is not a prefix; its length is a number from 0 to 32"},
      {"192.0.2.0/255.255.255.0", "'192.0.2.0/255.255.255.0' is not a prefix; its length is a number from 0 to 32"},
      {"192.0.2.0/99999999999", "'192.0.2.0/99999999999' is not a prefix; its length is a number from 0 to 32"},
      {"192.0.2/24", "'192.0.2' is not an IP address"},
  }));
  const auto parsed = Prefix::parse(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().text == message);
}

TEST_CASE("equal addresses and prefixes hash alike, and a prefix's length counts") {
  std::unordered_set<Address> addresses = {address("192.0.2.1"), address("192.0.2.1"), address("::1")};
  CHECK(addresses.size() == 2);
  std::unordered_set<Prefix> prefixes = {prefix("192.0.2.0/24"), Prefix(address("192.0.2.9"), 24),
                                         prefix("192.0.2.0/25")};
  CHECK(prefixes.size() == 2);
}
