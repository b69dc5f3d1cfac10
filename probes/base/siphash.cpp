#include "probes/base/siphash.hpp"

#include <sys/random.h>

#include <bit>
#include <cerrno>
#include <system_error>

namespace blipd::base {

namespace {

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

// Up to eight bytes as a little-endian word (the paper, section 2.2).
std::uint64_t little_endian(Bytes bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    word |= std::to_integer<std::uint64_t>(bytes[i]) << (8U * i);
  }
  return word;
}

}  // namespace

SipKey SipKey::random() {
  SipKey key;
  if (::getrandom(&key, sizeof key, 0) != static_cast<ssize_t>(sizeof key)) {
    throw std::system_error(errno, std::generic_category(), "cannot read random bytes for the probe token");
  }
  return key;
}

std::uint64_t siphash24(const SipKey& key, Bytes message) {
  State s{key.k0 ^ 0x736f6d6570736575ULL, key.k1 ^ 0x646f72616e646f6dULL, key.k0 ^ 0x6c7967656e657261ULL,
          key.k1 ^ 0x7465646279746573ULL};
  const std::size_t length = message.size();
  for (; message.size() >= 8; message = message.subspan(8)) s.absorb(little_endian(message.first(8)));
  s.absorb(little_endian(message) | (static_cast<std::uint64_t>(length) << 56U));
  s.v2 ^= 0xffU;
  for (int i = 0; i < 4; ++i) s.round();
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

std::uint64_t siphash24(const SipKey& key, std::string_view message) {
  return siphash24(key, std::as_bytes(std::span(message.data(), message.size())));
}

}  // namespace blipd::base
