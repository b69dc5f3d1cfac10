#include "probes/base/bytes.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "tests/unit/hex.hpp"

using namespace blipd::base;
using blipd::test::from_hex;
using blipd::test::to_hex;

TEST_CASE("numbers are read in network order") {
  const auto input = from_hex("01 0203 04050607 08090a0b0c0d0e0f ff");
  ByteReader in(input);
  CHECK(in.u8() == 0x01);
  CHECK(in.u16() == 0x0203);
  CHECK(in.u32() == 0x04050607);
  CHECK(in.u64() == 0x08090a0b0c0d0e0fULL);
  CHECK(in.position() == 15);
  CHECK(in.remaining() == 1);
  CHECK(in.ok());
}

TEST_CASE("a read up to the very end is fine, one byte further is not") {
  const auto input = from_hex("0102030405060708");
  for (std::size_t skipped = 0; skipped <= input.size(); ++skipped) {
    ByteReader in(input);
    in.skip(skipped);
    in.u32();
    CHECK(in.ok() == (skipped + 4 <= input.size()));
  }
}

TEST_CASE("a reader that has failed yields zeros for good and nothing is left in it") {
  const auto input = from_hex("0102ff");
  ByteReader in(input);
  CHECK(in.u16() == 0x0102);
  CHECK(in.u16() == 0);
  CHECK_FALSE(in.ok());
  CHECK(in.u8() == 0);
  CHECK(in.take(1).empty());
  CHECK(in.rest().empty());
  CHECK(in.remaining() == 0);
}

TEST_CASE("take gives exactly what was asked for, or nothing") {
  const auto input = from_hex("01020304");
  ByteReader in(input);
  CHECK(to_hex(in.take(3)) == "010203");
  CHECK(to_hex(in.rest()) == "04");
  CHECK(in.position() == 3);
  CHECK(in.take(2).empty());
  CHECK_FALSE(in.ok());
}

TEST_CASE("an absurd length fails without wrapping round") {
  const auto input = from_hex("01020304");
  ByteReader in(input);
  in.u8();
  in.skip(static_cast<std::size_t>(-1));
  CHECK_FALSE(in.ok());
}

TEST_CASE("what is written reads back, in network order") {
  std::array<std::byte, 20> buffer{};
  ByteWriter out(buffer);
  out.u8(0x01);
  out.u16(0x0203);
  out.u32(0x04050607);
  out.u64(0x08090a0b0c0d0e0fULL);
  out.fill(std::byte{0xee}, 2);
  out.copy(from_hex("aabb"));
  CHECK(out.ok());
  CHECK(to_hex(out.written()) == "0102030405060708090a0b0c0d0e0feeeeaabb");
}

TEST_CASE("a write that does not fit touches nothing, and nothing is written after it") {
  std::array<std::byte, 3> buffer{};
  ByteWriter out(buffer);
  out.u16(0x0102);
  out.u16(0xffff);
  out.u8(0xff);
  CHECK_FALSE(out.ok());
  CHECK(to_hex(buffer) == "010200");
  CHECK(to_hex(out.written()) == "0102");
}

TEST_CASE("only what has been written can be patched") {
  std::array<std::byte, 6> buffer{};
  ByteWriter out(buffer);
  out.u32(0);
  out.patch_u16(2, 0xabcd);
  CHECK(out.ok());
  CHECK(to_hex(out.written()) == "0000abcd");
  out.patch_u16(3, 0xffff);
  CHECK_FALSE(out.ok());
  CHECK(to_hex(buffer) == "0000abcd0000");
}
