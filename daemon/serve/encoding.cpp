#include "daemon/serve/encoding.hpp"

#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <new>

namespace blipd::serve {

namespace {

// What is shorter fits a packet or two either way.
constexpr std::size_t kWorthIt = 1024;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view until(std::string_view& rest, char end) {
  const std::size_t at = std::min(rest.find(end), rest.size());
  const std::string_view part = rest.substr(0, at);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return trimmed(part);
}

bool is_same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// Of "q=0", "q=0.000" and the like.
bool is_zero(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view parameter = until(parameters, ';');
    if (parameter.size() < 2 || !is_same(parameter.substr(0, 2), "q=")) continue;
    parameter.remove_prefix(2);
    return parameter.find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

}  // namespace

bool takes_gzip(std::string_view accept_encoding) {
  bool is_any_taken = false;
  while (!accept_encoding.empty()) {
    std::string_view parameters = until(accept_encoding, ',');
    const std::string_view coding = until(parameters, ';');
    if (is_same(coding, "gzip") || is_same(coding, "x-gzip")) return !is_zero(parameters);
    if (coding == "*") is_any_taken = !is_zero(parameters);
  }
  return is_any_taken;
}

std::string gzip(std::string_view bytes) {
  constexpr int kWithGzipHead = 15 + 16;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWithGzipHead, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);  // there is room for all of it, so it cannot fail
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

void encode(Reply& reply, bool takes_gzip) {
  if (!takes_gzip || reply.stream) return;
  if (!reply.compressed.empty()) {
    reply.body = reply.compressed;
  } else if (reply.is_compressible && reply.body.size() >= kWorthIt) {
    reply.body = gzip(reply.body);
  } else {
    return;
  }
  reply.content_encoding = "gzip";
}

}  // namespace blipd::serve
