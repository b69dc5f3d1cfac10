#include "probes/dns_stream.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/hex.hpp"

namespace blipd::probes {
namespace {

using test::from_hex;
using test::to_hex;
using State = DnsStream::State;

const std::vector<std::byte> kAnswer = from_hex("0102030405060708090a0b0c0d");
const std::vector<std::byte> kFramed = from_hex("000d 0102030405060708090a0b0c0d");

DnsStream asked() {
  DnsStream stream(from_hex("aabb"));
  stream.wrote(4);
  REQUIRE(stream.state() == State::kReading);
  return stream;
}

}  // namespace

TEST_CASE("a query goes out behind its length, in as many pieces as the stream takes") {
  DnsStream stream(from_hex("aabbcc"));
  CHECK(to_hex(stream.to_write()) == "0003aabbcc");
  stream.wrote(0);
  stream.wrote(1);
  CHECK(to_hex(stream.to_write()) == "03aabbcc");
  stream.wrote(3);
  CHECK(stream.state() == State::kWriting);
  CHECK(to_hex(stream.to_write()) == "cc");
  stream.wrote(1);
  CHECK(stream.state() == State::kReading);
  CHECK(stream.to_write().empty());
}

TEST_CASE("an answer in pieces of any size is put together") {
  for (std::size_t piece = 1; piece <= kFramed.size(); ++piece) {
    DnsStream stream = asked();
    for (std::size_t at = 0; at < kFramed.size(); at += piece) {
      CHECK(stream.state() == State::kReading);
      stream.received(base::Bytes(kFramed).subspan(at, std::min(piece, kFramed.size() - at)));
    }
    INFO(piece);
    CHECK(stream.state() == State::kComplete);
    CHECK(to_hex(stream.message()) == to_hex(kAnswer));
  }
}

TEST_CASE("what follows the answer is left alone") {
  DnsStream stream = asked();
  auto bytes = kFramed;
  bytes.push_back(std::byte{0xff});
  stream.received(bytes);
  stream.received(bytes);
  stream.closed();
  CHECK(stream.state() == State::kComplete);
  CHECK(to_hex(stream.message()) == to_hex(kAnswer));
}

TEST_CASE("a stream that ends at any point before the answer does is closed early") {
  for (std::size_t length = 0; length < kFramed.size(); ++length) {
    DnsStream stream = asked();
    stream.received(base::Bytes(kFramed).first(length));
    stream.closed();
    INFO(length);
    CHECK(stream.state() == State::kClosedEarly);
    stream.received(base::Bytes(kFramed).subspan(length));
    CHECK(stream.state() == State::kClosedEarly);
  }
  DnsStream unasked(from_hex("aabb"));
  unasked.closed();
  CHECK(unasked.state() == State::kClosedEarly);
  CHECK(unasked.to_write().empty());
}

TEST_CASE("a length that cannot hold a header is refused, one that just can is not") {
  DnsStream stream = asked();
  stream.received(from_hex("000b"));
  CHECK(stream.state() == State::kTooShort);
  stream = asked();
  stream.received(from_hex("000c"));
  CHECK(stream.state() == State::kReading);
}

TEST_CASE("a length beyond the limit is refused, one at the limit is not") {
  DnsStream at_limit(from_hex("aabb"), 13);
  at_limit.wrote(4);
  at_limit.received(kFramed);
  CHECK(at_limit.state() == State::kComplete);
  DnsStream beyond(from_hex("aabb"), 12);
  beyond.wrote(4);
  beyond.received(kFramed);
  CHECK(beyond.state() == State::kTooLong);
  CHECK(beyond.message().empty());
}

TEST_CASE("the longest answer of all is read whole") {
  DnsStream stream = asked();
  std::vector<std::byte> framed(2 + 65535, std::byte{0x55});
  framed[0] = framed[1] = std::byte{0xff};
  for (std::size_t at = 0; at < framed.size(); at += 1460) {
    stream.received(base::Bytes(framed).subspan(at, std::min<std::size_t>(1460, framed.size() - at)));
  }
  CHECK(stream.state() == State::kComplete);
  CHECK(stream.message().size() == 65535);
}

}  // namespace blipd::probes
