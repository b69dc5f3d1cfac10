#include "daemon/engine/matcher.hpp"

#include <variant>

#include "probes/wire/ip.hpp"

namespace blipd::engine {

namespace {

// An error that this machine sent to itself about somebody else: neighbour discovery toward our own gateway failed,
// or a local rule refused. That is a fault of ours, not of the network that we ask.
bool is_own_fault(const SeenPacket& seen, const base::Address& target) {
  return seen.packet.source == seen.packet.destination && seen.packet.source != target;
}

void set_error(const SeenPacket& seen, const base::Address& target, const probes::IcmpNotice& notice,
               Learned& learned) {
  learned.kind = is_own_fault(seen, target) ? Learned::Kind::kFailedLocally : Learned::Kind::kUnreachable;
  learned.notice = notice;
}

}  // namespace

void Matcher::match(const SeenPacket& seen, Inbox& inbox) {
  Learned learned;
  learned.stamp = seen.stamp;
  learned.interface = seen.interface;
  learned.from = seen.packet.source;
  learned.ttl = seen.packet.ttl;
  const bool is_tcp = seen.packet.protocol == wire::kTcp;
  if (!is_tcp) {
    const probes::EchoReading reading = echo_.read(seen.packet);
    if (reading.kind == probes::EchoReading::Kind::kError) set_error(seen, reading.target, reading.notice, learned);
    if (reading.kind != probes::EchoReading::Kind::kForeign) return match_echo(reading, learned, inbox);
  }
  const probes::SynReading reading = probes::TcpSyn::read(seen.packet);
  if (reading.kind == probes::SynReading::Kind::kError) set_error(seen, reading.target, reading.notice, learned);
  if (reading.kind != probes::SynReading::Kind::kForeign) match_syn(reading, learned, inbox);
}

void Matcher::match_echo(const probes::EchoReading& reading, Learned& learned, Inbox& inbox) const {
  learned.channel = reading.channel;
  learned.sequence = reading.sequence;
  switch (reading.kind) {
    case probes::EchoReading::Kind::kRequest:
      learned.kind = Learned::Kind::kRequestSeen;
      break;
    case probes::EchoReading::Kind::kReply:
      learned.kind = Learned::Kind::kAnswer;
      learned.answer = probes::AnswerKind::kEchoReply;
      break;
    case probes::EchoReading::Kind::kError:
      if (reading.is_short_quote && !find_short_quote(reading, learned)) {
        return inbox.unmatched(Learned::Kind::kUnreachable);
      }
      break;
    case probes::EchoReading::Kind::kMalformed:
    case probes::EchoReading::Kind::kForged:
      learned.kind =
          reading.kind == probes::EchoReading::Kind::kForged ? Learned::Kind::kForged : Learned::Kind::kMalformed;
      if (!reading.has_claim) return inbox.unmatched(learned.kind);
      break;
    case probes::EchoReading::Kind::kForeign:
      return;
  }
  inbox.learned(learned);
}

bool Matcher::find_short_quote(const probes::EchoReading& reading, Learned& learned) const {
  return roster_.find_at(reading.target, [&](probes::ChannelIndex channel) {
    if (!std::holds_alternative<probes::IcmpSpec>(roster_.channel(channel).spec().ask)) return false;
    return flights_.find(channel, [&](probes::Sequence sequence) {
      if ((sequence & 0xffffU) != (reading.sequence & 0xffffU)) return false;
      learned.channel = channel;
      learned.sequence = sequence;
      return true;
    });
  });
}

void Matcher::match_syn(const probes::SynReading& reading, Learned& learned, Inbox& inbox) {
  using Kind = probes::SynReading::Kind;
  // An ICMP error or a fragment for another who asks in this process: his to make sense of.
  if (!syn_.ports().has(reading.source_port)) return;
  switch (reading.kind) {
    case Kind::kRequest:
      learned.kind = Learned::Kind::kRequestSeen;
      break;
    case Kind::kSynAck:
      learned.kind = Learned::Kind::kAnswer;
      learned.answer = probes::AnswerKind::kSynAck;
      break;
    case Kind::kReset:
      learned.kind = Learned::Kind::kAnswer;
      learned.answer = probes::AnswerKind::kReset;
      break;
    case Kind::kError:
      break;
    case Kind::kMalformed:
      return inbox.unmatched(Learned::Kind::kMalformed);
    case Kind::kForeign:
      return;
  }
  bool is_awaited = false;
  const bool is_found = roster_.find_at(reading.target, [&](probes::ChannelIndex channel) {
    const probes::ProbeSpec& spec = roster_.channel(channel).spec();
    const auto* tcp = std::get_if<probes::TcpSpec>(&spec.ask);
    if (tcp == nullptr || tcp->port != reading.target_port) return false;
    return flights_.find(channel, [&](probes::Sequence sequence) {
      if (syn_.source_port(channel, sequence, reading.target, spec.flows) != reading.source_port) return false;
      learned.channel = channel;
      learned.sequence = sequence;
      is_awaited = is_awaited || flights_.is_waiting(channel, sequence);
      return syn_.initial_sequence(channel, sequence, reading.target, tcp->port) == reading.initial_sequence;
    });
  });
  if (is_found) return inbox.learned(learned);
  match_stranger(reading, learned, is_awaited, inbox);
}

void Matcher::match_stranger(const probes::SynReading& reading, Learned& learned, bool is_awaited, Inbox& inbox) {
  std::uint32_t& stranger = strangers_[reading.source_port - probes::kFirstSourcePort];
  if (learned.kind == Learned::Kind::kRequestSeen) {
    // Another program (a second blipd, say) asks from the same port.
    stranger = reading.initial_sequence;
    return;
  }
  // A flow on which we wait for an answer, but not our sequence number, nor that of any program here: somebody guesses.
  if (learned.kind == Learned::Kind::kAnswer && is_awaited && stranger != reading.initial_sequence) {
    learned.kind = Learned::Kind::kForged;
    return inbox.learned(learned);
  }
  inbox.unmatched(learned.kind);
}

}  // namespace blipd::engine
