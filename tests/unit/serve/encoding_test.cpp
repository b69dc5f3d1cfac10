#include "daemon/serve/encoding.hpp"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <string>

using namespace blipd::serve;

namespace {

// By zlib's own reading of the format.
std::string unpack(const std::string& bytes) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string out(1U << 20U, '\0');
  std::string in = bytes;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("gzip is sent to those who say that they take it") {
  for (const char* field : {"gzip", "deflate, gzip", "br;q=1.0, gzip;q=0.5", "GZIP", "*", "gzip;q=0.001", "x-gzip"}) {
    CAPTURE(field);
    CHECK(takes_gzip(field));
  }
  for (const char* field : {"", "identity", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "br", "gzipped", ",,;"}) {
    CAPTURE(field);
    CHECK(!takes_gzip(field));
  }
}

TEST_CASE("what is compressed is what it was") {
  for (const std::string& text : {std::string(), std::string("a"), std::string(300'000, 'x')}) {
    CHECK(unpack(gzip(text)) == text);
  }
}

TEST_CASE("only what is worth it and may be is compressed") {
  const auto encoded = [](std::size_t size, bool may, bool takes) {
    Reply reply;
    reply.body.assign(size, 'x');
    reply.is_compressible = may;
    encode(reply, takes);
    return reply.content_encoding == "gzip" && reply.body.size() < size;
  };
  CHECK(encoded(5000, true, true));
  CHECK(!encoded(5000, true, false));
  CHECK(!encoded(5000, false, true));
  CHECK(!encoded(100, true, true));
  Reply ready;
  ready.body = "plain";
  ready.compressed = "packed";
  encode(ready, false);
  CHECK(ready.body == "plain");
  encode(ready, true);
  CHECK(ready.body == "packed");
  CHECK(ready.content_encoding == "gzip");
}
