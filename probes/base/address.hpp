// IP addresses and prefixes as plain values, IPv4 and IPv6 alike. Owns their text forms (RFC 4291,
// RFC 5952, CIDR) and containment; knows no socket.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "probes/base/error.hpp"

namespace blipd::base {

enum class Family : std::uint8_t { kIpv4, kIpv6 };

class Address {
 public:
  // The unspecified IPv4 address, 0.0.0.0.
  constexpr Address() = default;

  static Address v4(std::span<const std::byte, 4> bytes);
  static Address v6(std::span<const std::byte, 16> bytes);

  // Accepts an IPv4 dotted quad or an IPv6 text form without zone or brackets.
  static Expected<Address> parse(std::string_view text);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::kIpv4; }
  bool is_v6() const { return family_ == Family::kIpv6; }
  bool is_unspecified() const;
  bool is_loopback() const;

  // 4 or 16 bytes in network order; valid as long as this address lives.
  std::span<const std::byte> bytes() const { return {bytes_.data(), is_v4() ? 4U : 16U}; }

  std::string to_string() const;

  friend auto operator<=>(const Address&, const Address&) = default;
  friend bool operator==(const Address&, const Address&) = default;

 private:
  Family family_ = Family::kIpv4;
  std::array<std::byte, 16> bytes_{};
};

class Prefix {
 public:
  constexpr Prefix() = default;

  // The prefix of `length` bits (clamped to 32 or 128) that holds `address`; host bits become zero.
  Prefix(const Address& address, unsigned length);

  // "192.0.2.0/24", "2001:db8::/48", or a bare address for a whole-length prefix. Host bits that are
  // set are an error: they are usually a slip.
  static Expected<Prefix> parse(std::string_view text);

  const Address& address() const { return address_; }
  unsigned length() const { return length_; }
  bool contains(const Address& address) const;
  std::string to_string() const;

  friend auto operator<=>(const Prefix&, const Prefix&) = default;
  friend bool operator==(const Prefix&, const Prefix&) = default;

 private:
  Address address_;
  unsigned length_ = 0;
};

}  // namespace blipd::base

template <>
struct std::hash<blipd::base::Address> {
  std::size_t operator()(const blipd::base::Address& address) const noexcept;
};

template <>
struct std::hash<blipd::base::Prefix> {
  std::size_t operator()(const blipd::base::Prefix& prefix) const noexcept;
};
