#include <zlib.h>
#include <zstd.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "daemon/recorded/byte_source.hpp"

namespace blipd::recorded {
namespace {

std::string gzip(std::string text) {
  z_stream stream{};
  REQUIRE(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(text.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(packed.size() - stream.avail_out);
  ::deflateEnd(&stream);
  return packed;
}

std::string zstd(const std::string& text) {
  std::string packed(::ZSTD_compressBound(text.size()), '\0');
  packed.resize(::ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

// What comes out, and behind it what went wrong.
std::string read(std::string bytes, std::size_t piece = 7) {
  auto source = unpacked(text_source(std::move(bytes)));
  REQUIRE(source);
  std::string all;
  std::vector<char> buffer(piece);
  while (true) {
    const auto taken = (*source)->read(buffer);
    if (!taken) return all + "!" + taken.error().text;
    if (*taken == 0) return all;
    all.append(buffer.data(), *taken);
  }
}

const std::string kText = "the same again, the same again, the same again\n";

TEST_CASE("Content comes out whole, whether it is packed or not", "[recorded]") {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}}) {
    CHECK(read(kText, piece) == kText);
    CHECK(read(gzip(kText), piece) == kText);
    CHECK(read(zstd(kText), piece) == kText);
    CHECK(read(gzip(kText) + gzip(kText), piece) == kText + kText);
    CHECK(read(zstd(kText) + zstd(kText), piece) == kText + kText);
  }
  CHECK(read("").empty());
  CHECK(read("\x1f") == "\x1f");
}

TEST_CASE("Packed data cut at any place is said to be cut off", "[recorded]") {
  const std::string end_gzip = "!gzip data that is cut off; copy the file anew";
  const std::string end_zstd = "!zstd data that is cut off; copy the file anew";
  const std::string gz = gzip(kText);
  const std::string zst = zstd(kText);
  for (std::size_t length = 2; length < gz.size(); ++length) CHECK(read(gz.substr(0, length)).ends_with(end_gzip));
  for (std::size_t length = 4; length < zst.size(); ++length) CHECK(read(zst.substr(0, length)).ends_with(end_zstd));
}

TEST_CASE("Packed data that is damaged is said to be broken", "[recorded]") {
  std::string gz = gzip(kText);
  gz[gz.size() - 6] ^= 1;  // of the checksum
  CHECK(read(gz).ends_with("!broken gzip data: incorrect data check; copy the file anew"));
  CHECK(read(gzip(kText) + "rest").ends_with("!broken gzip data: incorrect header check; copy the file anew"));
  std::string zst = zstd(kText);
  zst[4] ^= 0x08;  // a reserved bit of the frame header
  CHECK(read(zst).starts_with("!broken zstd data: "));
}

}  // namespace
}  // namespace blipd::recorded
