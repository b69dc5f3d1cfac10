#include "probes/base/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace blipd::base {

Address Address::v4(std::span<const std::byte, 4> bytes) {
  Address a;
  std::ranges::copy(bytes, a.bytes_.begin());
  return a;
}

Address Address::v6(std::span<const std::byte, 16> bytes) {
  Address a;
  a.family_ = Family::kIpv6;
  std::ranges::copy(bytes, a.bytes_.begin());
  return a;
}

Expected<Address> Address::parse(std::string_view text) {
  // inet_pton wants a terminated string; the longest form has 45 characters (RFC 4291, 2.2).
  std::array<char, 64> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) {
    return fail("'{}' is not an IP address", text.substr(0, 64));
  }
  std::ranges::copy(text, terminated.begin());
  Address a;
  if (::inet_pton(AF_INET, terminated.data(), a.bytes_.data()) == 1) return a;
  if (::inet_pton(AF_INET6, terminated.data(), a.bytes_.data()) == 1) {
    a.family_ = Family::kIpv6;
    return a;
  }
  return fail("'{}' is not an IP address", text);
}

bool Address::is_unspecified() const {
  return std::ranges::all_of(bytes(), [](std::byte b) { return b == std::byte{0}; });
}

bool Address::is_loopback() const {
  if (is_v4()) return bytes_[0] == std::byte{127};
  Address loopback;
  loopback.family_ = Family::kIpv6;
  loopback.bytes_[15] = std::byte{1};
  return *this == loopback;
}

std::string Address::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), text.data(), text.size());
  return text.data();
}

namespace {

// `bytes` with every bit from position `length` on set to zero.
template <std::size_t N>
std::array<std::byte, N> mask(std::span<const std::byte> bytes, unsigned length) {
  std::array<std::byte, N> masked{};
  for (std::size_t i = 0; i < N; ++i) {
    const auto start = static_cast<unsigned>(i * 8);
    if (length >= start + 8) {
      masked[i] = bytes[i];
    } else if (length > start) {
      masked[i] = bytes[i] & static_cast<std::byte>(0xff00U >> (length - start));
    }
  }
  return masked;
}

Address masked(const Address& address, unsigned length) {
  return address.is_v4() ? Address::v4(mask<4>(address.bytes(), length))
                         : Address::v6(mask<16>(address.bytes(), length));
}

}  // namespace

Prefix::Prefix(const Address& address, unsigned length) : length_(std::min(length, address.is_v4() ? 32U : 128U)) {
  address_ = masked(address, length_);
}

Expected<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  auto address = Address::parse(text.substr(0, slash));
  if (!address) return tl::unexpected(address.error());
  const unsigned whole = address->is_v4() ? 32U : 128U;
  unsigned length = whole;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || length > whole) {
      return fail("'{}' is not a prefix; its length is a number from 0 to {}", text, whole);
    }
  }
  Prefix prefix(*address, length);
  if (prefix.address_ != *address) {
    return fail("'{}' has host bits set; the prefix is {}", text, prefix.to_string());
  }
  return prefix;
}

bool Prefix::contains(const Address& address) const {
  return address.family() == address_.family() && masked(address, length_) == address_;
}

std::string Prefix::to_string() const { return fmt::format("{}/{}", address_.to_string(), length_); }

}  // namespace blipd::base

std::size_t std::hash<blipd::base::Address>::operator()(const blipd::base::Address& address) const noexcept {
  const auto bytes = address.bytes();
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::size_t std::hash<blipd::base::Prefix>::operator()(const blipd::base::Prefix& prefix) const noexcept {
  return std::hash<blipd::base::Address>{}(prefix.address()) * 131U + prefix.length();
}
