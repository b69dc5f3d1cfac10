// What a half-open TCP probe makes of any packet.
#include <array>

#include "probes/tcp.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/packets.hpp"

namespace {

using namespace blipd;
using fuzz::must;
using Kind = probes::SynReading::Kind;

// A SYN that is ours by its number must be the one that we would write, as far as its flags.
void check_request(const probes::SynReading& reading, const wire::IpPacket& packet) {
  constexpr probes::ChannelIndex kChannel = 7;  // of the packets in the corpus
  constexpr probes::Sequence kSequence = 0x00012345;
  const probes::TcpSyn syn(fuzz::kKey);
  if (reading.initial_sequence != syn.initial_sequence(kChannel, kSequence, reading.target, reading.target_port)) {
    return;
  }
  std::array<std::byte, 24> buffer{};
  const auto written = syn.write_syn(buffer, packet.source, reading.target, reading.target_port, kChannel, kSequence);
  must(written.size() == buffer.size(), "a SYN fits");
  must(std::ranges::equal(written.subspan(2, 6), packet.payload.subspan(2, 6)), "port and number are as written");
}

void check(base::Bytes input) {
  const auto packet = wire::read_ip(input);
  if (!packet) return;
  const auto reading = probes::TcpSyn::read(*packet);
  if (reading.kind == Kind::kForeign) return;
  must(reading.source_port >= probes::kFirstSourcePort, "only our ports are ours");
  must(reading.ttl == packet->ttl, "the TTL is the packet's");
  if (packet->protocol != wire::kTcp) {
    const auto error = wire::read_icmp_error(*packet);
    must(error.has_value(), "what is no segment is an error about one");
    must(reading.kind == Kind::kError || reading.kind == Kind::kMalformed, "an error is no answer");
    must(reading.target == error->quoted.destination, "the target is who had been asked");
    must(reading.notice.sender == packet->source, "the sender is who sent it");
    return;
  }
  must(reading.kind != Kind::kError, "a segment is no error");
  const bool is_request = reading.kind == Kind::kRequest;
  must(reading.target == (is_request ? packet->destination : packet->source), "the target is at the other end");
  if (reading.kind != Kind::kMalformed) must(packet->payload.size() >= 14, "flags were read, not guessed");
  if (is_request) check_request(reading, *packet);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Bytes input = fuzz::as_bytes(data, size);
  check(input);
  check(fuzz::repaired(input));
  return 0;
}
