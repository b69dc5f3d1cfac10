// IP headers and what directly lies in them: UDP, and the packets that ICMP errors quote.
#include <array>

#include "probes/wire/icmp.hpp"
#include "probes/wire/ip.hpp"
#include "probes/wire/udp.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/packets.hpp"

namespace {

using namespace blipd;
using fuzz::must;

void check_rewritten(const wire::IpPacket& packet) {
  if (packet.source.is_v6() || packet.payload.size() > 0xffffU - wire::kIpv4HeaderLength) return;
  std::array<std::byte, wire::kIpv4HeaderLength> header{};
  base::ByteWriter out(header);
  wire::Ipv4Fields fields;
  fields.source = packet.source;
  fields.destination = packet.destination;
  fields.protocol = packet.protocol;
  fields.ttl = packet.ttl;
  fields.traffic_class = packet.traffic_class;
  fields.payload_length = static_cast<std::uint16_t>(packet.payload.size());
  wire::write_ipv4(out, fields);
  const auto again = wire::read_ip(header);
  must(again.has_value(), "a written header reads back");
  must(again->source == packet.source && again->destination == packet.destination, "addresses survive");
  must(again->protocol == packet.protocol && again->ttl == packet.ttl, "protocol and TTL survive");
  must(again->traffic_class == packet.traffic_class, "the traffic class survives");
  must(again->is_truncated == !packet.payload.empty(), "the length survives");
}

void check(const wire::IpPacket& packet, base::Bytes input) {
  must(fuzz::is_inside(packet.payload, input), "a payload lies inside the packet");
  must(packet.source.family() == packet.destination.family(), "both addresses are of one family");
  must(!packet.is_first_fragment || packet.is_fragment, "a first fragment is a fragment");
  check_rewritten(packet);
  if (const auto datagram = wire::read_udp(packet)) {
    must(fuzz::is_inside(datagram->payload, packet.payload), "a datagram lies inside its packet");
    must(!datagram->is_truncated || packet.is_truncated || packet.is_fragment, "a whole packet holds whole datagrams");
  }
  if (const auto error = wire::read_icmp_error(packet)) {
    must(fuzz::is_inside(error->quoted.payload, packet.payload), "a quote lies inside its packet");
    must(error->quoted.source.family() == packet.source.family(), "a quote is of its packet's family");
    must(error->sender == packet.source, "the sender is who sent it");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Bytes input = fuzz::as_bytes(data, size);
  const auto strict = wire::read_ip(input);
  const auto lenient = wire::read_ip(input, wire::HeaderChecksum::kIgnore);
  must(!strict || lenient, "what passes with its checksum passes without");
  if (!lenient) return 0;
  check(*lenient, input);
  const auto mended = fuzz::repaired(input);
  const auto packet = wire::read_ip(mended);
  must(packet.has_value(), "nothing but the checksum was wrong");
  check(*packet, mended);
  return 0;
}
