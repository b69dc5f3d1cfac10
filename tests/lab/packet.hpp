// Packets as a far host sees them: what a request asks, and the bytes of each kind of answer. Written from
// the RFCs and apart from the probes' own codecs, so that blipd is not measured against its own mistakes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/simulate/country.hpp"
#include "probes/base/address.hpp"
#include "probes/base/bytes.hpp"

namespace blipd::lab {

using base::Address;
using base::Bytes;

// An outgoing packet; the vector keeps its capacity when it is used again.
using Packet = std::vector<std::byte>;

struct Request {
  enum class Kind : std::uint8_t {
    kIgnored,  // nothing that a host answers: a router solicitation, a reset, a pure acknowledgement, a fragment
    kEcho,
    kSyn,
    kSegment,  // data or FIN on an open connection
    kDatagram,
  };
  Kind kind = Kind::kIgnored;
  Address source;
  Address destination;
  Bytes whole;                    // from the IP header on; ICMP errors quote it
  Bytes data;                     // ICMP: what must come back; TCP and UDP: the payload
  std::uint16_t identifier = 0;   // ICMP
  std::uint16_t sequence = 0;     // ICMP
  std::uint16_t source_port = 0;  // TCP, UDP
  std::uint16_t destination_port = 0;
  std::uint32_t tcp_sequence = 0;
  std::uint32_t tcp_acknowledgement = 0;
  bool has_fin = false;
};

// Empty when the packet is broken: header cut off, length or checksum wrong. `packet` outlives the result.
std::optional<Request> read_request(Bytes packet);

// How an answer departs from the plain one.
struct Slant {
  std::uint8_t ttl = 64;
  std::optional<Address> source;  // other than who was asked
  bool wrong_token = false;       // what the asker would recognise its question by is altered
  std::uint32_t noise = 0;        // how it is altered
};

// Each replaces the content of `out`.
void write_echo_reply(Packet& out, const Request& request, const Slant& slant);
void write_syn_ack(Packet& out, const Request& request, const Slant& slant);
void write_reset(Packet& out, const Request& request, const Slant& slant);
// Acknowledges the request's data and carries `data`, which fits one segment.
void write_segment(Packet& out, const Request& request, const Slant& slant, Bytes data, bool has_fin);
// `data` fits one datagram. wrong_token alters its first two bytes: a DNS message's id.
void write_datagram(Packet& out, const Request& request, const Slant& slant, Bytes data);
// An ICMP or ICMPv6 destination unreachable from `from`.
void write_notice(Packet& out, const Request& request, const Address& from, simulate::NoticeCode code,
                  std::uint8_t ttl);

// Flips one bit so that the transport checksum no longer holds; ports and identifiers stay readable.
void corrupt(Packet& packet, std::uint32_t noise);

// The Internet checksum (RFC 1071) over `message` and, for a pseudo header, what went before.
std::uint16_t internet_checksum(Bytes message, std::uint32_t sum = 0);

}  // namespace blipd::lab
