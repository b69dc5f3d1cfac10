// The first byte is the size of the pieces in which the rest arrives; the same bytes in one piece must end alike.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "probes/dns_stream.hpp"

namespace {

blipd::probes::DnsStream feed(blipd::base::Bytes bytes, std::size_t piece) {
  constexpr std::size_t kLimit = 4096;
  blipd::probes::DnsStream stream({}, kLimit);
  stream.wrote(2);
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(piece, bytes.size()));
    stream.received(part);
    bytes = bytes.subspan(part.size());
  }
  stream.closed();
  if (stream.message().size() > kLimit || !stream.is_over()) std::abort();
  return stream;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  const auto in_pieces = feed(bytes, std::max<std::size_t>(1, data[0]));
  const auto in_one = feed(bytes, std::max<std::size_t>(1, bytes.size()));
  if (in_pieces.state() != in_one.state() || !std::ranges::equal(in_pieces.message(), in_one.message())) std::abort();
  return 0;
}
