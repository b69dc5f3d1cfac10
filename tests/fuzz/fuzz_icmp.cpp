// What an echo probe makes of any packet: nothing is believed that its own writer would not have written.
#include <algorithm>
#include <array>

#include "probes/icmp.hpp"
#include "probes/spec.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/packets.hpp"

namespace {

using namespace blipd;
using fuzz::must;
using Kind = probes::EchoReading::Kind;

// `message` holds the identifier and the token that a request for this reading's probe holds.
bool is_what_we_write(const probes::IcmpEcho& echo, const probes::EchoReading& reading, base::Bytes message) {
  std::array<std::byte, 8 + probes::IcmpSpec::kMinSize> buffer{};
  const auto written =
      echo.write_request(buffer, reading.target, reading.channel, reading.sequence, probes::IcmpSpec::kMinSize);
  return message.size() >= written.size() && std::ranges::equal(message.subspan(4, 2), written.subspan(4, 2)) &&
         std::ranges::equal(message.subspan(8, 16), written.subspan(8));
}

void check_error(const probes::IcmpEcho& echo, const probes::EchoReading& reading, const wire::IpPacket& packet) {
  const auto error = wire::read_icmp_error(packet);
  must(error.has_value(), "an error is read from one");
  must(reading.notice.sender == packet.source, "the sender is who sent it");
  must(reading.target == error->quoted.destination, "the target is who had been asked");
  if (reading.is_short_quote) {
    must(error->quoted.payload.size() < 24, "a quote that holds a token is not short");
    must(!reading.has_claim && reading.sequence <= 0xffffU, "a short quote tells no channel");
  } else {
    must(is_what_we_write(echo, reading, error->quoted.payload), "a believed quote is of our request");
  }
}

void check(base::Bytes input) {
  const auto packet = wire::read_ip(input);
  if (!packet) return;
  const probes::IcmpEcho echo(fuzz::kKey, fuzz::kIdentifier);
  const auto reading = echo.read(*packet);
  if (reading.kind == Kind::kForeign) return;
  must(wire::is_icmp(*packet), "only ICMP is ours");
  must(reading.ttl == packet->ttl, "the TTL is the packet's");
  if (reading.kind == Kind::kRequest) {
    must(reading.target == packet->destination, "a request goes to its target");
    must(is_what_we_write(echo, reading, packet->payload), "a request is as we write it");
  } else if (reading.kind == Kind::kReply) {
    must(reading.target == packet->source, "a reply comes from its target");
    must(is_what_we_write(echo, reading, packet->payload), "a believed reply holds our token");
  } else if (reading.kind == Kind::kError) {
    check_error(echo, reading, *packet);
  } else if (reading.kind == Kind::kForged) {
    must(reading.has_claim, "what is forged claims something");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Bytes input = fuzz::as_bytes(data, size);
  check(input);
  check(fuzz::repaired(input));
  return 0;
}
