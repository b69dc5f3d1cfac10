#include "probes/base/siphash.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <vector>

using namespace blipd::base;

namespace {

// The key of the paper's appendix A: bytes 00 to 0f, each half read as a little-endian number.
constexpr SipKey kKey{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};

// Over the messages {}, {00}, {00 01}, …: the authors' vectors_sip64, which `openssl mac SIPHASH` confirms.
// 12 and 24 bytes are the lengths that echo tokens hash.
constexpr std::array<std::uint64_t, 25> kVectors = {
    0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d, 0xcf2794e0277187b7,
    0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462, 0x9e0082df0ba9e4b0,
    0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7, 0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee,
    0xa129ca6149be45e5, 0x3f2acc7f57c29bdb, 0x699ae9f52cbe4794, 0x4bc1b3f0968dd39c, 0xbb6dc91da77961bd,
    0xbed65cf21aa2ee98, 0xd0f2cbb02e3b67c7, 0x93536795e3a33e88, 0xa80c038ccd5ccec8, 0xb8ad50c6f649af94};

std::vector<std::byte> counting_up(std::size_t length) {
  std::vector<std::byte> message;
  for (std::size_t i = 0; i < length; ++i) message.push_back(static_cast<std::byte>(i));
  return message;
}

}  // namespace

TEST_CASE("SipHash-2-4 gives the authors' values for every message length up to 24") {
  for (std::size_t length = 0; length < kVectors.size(); ++length) {
    INFO("length " << length);
    CHECK(siphash24(kKey, Bytes(counting_up(length))) == kVectors.at(length));
  }
}

TEST_CASE("SipHash of text is the hash of its bytes") {
  const std::string_view text("\x00\x01\x02", 3);
  CHECK(siphash24(kKey, text) == kVectors[3]);
}

TEST_CASE("another key gives another hash") {
  const auto message = counting_up(12);
  CHECK(siphash24({kKey.k0 ^ 1U, kKey.k1}, Bytes(message)) != kVectors[12]);
  CHECK(siphash24({kKey.k0, kKey.k1 ^ 1U}, Bytes(message)) != kVectors[12]);
}
