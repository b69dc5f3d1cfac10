// ICMP echo (RFC 792) and ICMPv6 echo (RFC 4443) as a probe: writes requests, and says what a packet
// that was seen on the wire means for us. Owns the token; no socket, no clock, no per-probe state.
//
// The payload of a request begins with {channel u32, sequence u32, SipHash-2-4 over channel, sequence and
// the target's address u64}, in network order; what follows is a fixed pattern up to the wanted size. The
// ICMP sequence field is the low 16 bits of the sequence. Nothing in a packet is believed as a time. In a request of a
// flow (probes/flow.hpp) two bytes behind the token make the checksum the flow's.
#pragma once

#include <cstdint>
#include <optional>

#include "probes/base/address.hpp"
#include "probes/base/bytes.hpp"
#include "probes/base/siphash.hpp"
#include "probes/flow.hpp"
#include "probes/result.hpp"
#include "probes/wire/ip.hpp"

namespace blipd::probes {

struct EchoReading {
  enum class Kind : std::uint8_t {
    kForeign,    // not ours: another identifier or another type
    kRequest,    // our own request on its way out
    kReply,      // a believed reply to our request
    kError,      // a believed ICMP error that quotes our request
    kMalformed,  // our identifier, but cut short or with a wrong checksum
    kForged,     // our identifier, but the token does not fit the content or the sender
  };
  Kind kind = Kind::kForeign;
  // Of kRequest, kReply and kError: whose it is. Of kForged and kMalformed: whose it claims to be, where
  // `has_claim`; otherwise meaningless. `channel` is unchecked input: compare it with the plan's size.
  ChannelIndex channel = 0;
  Sequence sequence = 0;
  bool has_claim = false;
  // A kError whose quote ends before the token (RFC 792 asks for no more than 8 bytes): only the low 16
  // bits of `sequence` are known, `channel` is not, and `target` says who had been asked.
  bool is_short_quote = false;
  base::Address target;  // who was asked: destination of a request, source of a reply, quoted destination
  std::uint8_t ttl = 0;
  IcmpNotice notice;  // of kError
};

class IcmpEcho {
 public:
  // Replies are matched by `identifier`, which the kernel's filter uses too, and by the token under `key`.
  IcmpEcho(const base::SipKey& key, std::uint16_t identifier) : key_(key), identifier_(identifier) {}

  std::uint16_t identifier() const { return identifier_; }

  // Writes the ICMP message (8 + size bytes), without IP header, and returns it. `size` is in
  // IcmpSpec::kMinSize..kMaxSize and `out` is large enough. The ICMPv4 checksum is filled in; the ICMPv6
  // one, which covers addresses, is left zero for the kernel (RFC 3542, 3.1). In a flow `size` is at least
  // IcmpSpec::kMinSizeInFlow, and the ICMPv6 checksum the same for all its requests, though another than flow_checksum.
  base::Bytes write_request(base::MutableBytes out, const base::Address& target, ChannelIndex channel,
                            Sequence sequence, std::uint16_t size, std::optional<FlowNumber> flow = {}) const;

  // What a packet, in either direction, means. The ICMPv6 checksum is verified when the packet is whole.
  EchoReading read(const wire::IpPacket& packet) const;

 private:
  EchoReading read_request(const wire::IpPacket& packet) const;
  EchoReading read_reply(const wire::IpPacket& packet) const;
  EchoReading read_error(const wire::IpPacket& packet) const;

  base::SipKey key_;
  std::uint16_t identifier_;
};

// Which ICMP and ICMPv6 types end a probe as unreachable: destination unreachable, time exceeded,
// parameter problem and, for IPv6, packet too big.
bool is_icmp_error(base::Family family, std::uint8_t type);

}  // namespace blipd::probes
