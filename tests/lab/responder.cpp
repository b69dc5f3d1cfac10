#include "tests/lab/responder.hpp"

#include <algorithm>

namespace blipd::lab {

using simulate::Decision;
using simulate::Fate;
using simulate::Forgery;
using simulate::Protocol;
using simulate::Question;
using simulate::Reply;

namespace {

// The next address over: plausible, and not the one that was asked.
Address neighbour(const Address& address) {
  const auto bytes = address.bytes();
  if (address.is_v4()) {
    std::array<std::byte, 4> other{};
    std::ranges::copy(bytes, other.begin());
    other.back() ^= std::byte{2};
    return Address::v4(other);
  }
  std::array<std::byte, 16> other{};
  std::ranges::copy(bytes, other.begin());
  other.back() ^= std::byte{2};
  return Address::v6(other);
}

// A DNS message over TCP in one segment: two bytes of length, then the message (RFC 1035, 4.2.2).
Bytes unframed(Bytes data) {
  base::ByteReader in(data);
  const std::uint16_t length = in.u16();
  return in.take(length);
}

}  // namespace

std::string_view Responder::name_of(std::uint32_t host) const {
  const auto& who = country_.hosts()[host];
  if (!who.target) return "unlisted";
  return country_.scenario().networks[who.network].targets[*who.target].name;
}

bool Responder::write(Packet& out, const Request& request, const Decision& decision, Reply reply, const Slant& slant,
                      DnsServer::Truth truth) {
  switch (reply) {
    case Reply::kNone:
      return false;
    case Reply::kEcho:
      write_echo_reply(out, request, slant);
      return true;
    case Reply::kSynAck:
      write_syn_ack(out, request, slant);
      return true;
    case Reply::kReset:
      write_reset(out, request, slant);
      return true;
    case Reply::kNotice:
      write_notice(out, request, decision.notice_from, decision.notice, slant.ttl);
      return true;
    case Reply::kDns: {
      const Bytes message = dns_.answer(request.data, name_of(decision.host), truth);
      if (message.empty()) return false;
      write_datagram(out, request, slant, message);
      return true;
    }
    case Reply::kSegment: {
      const Bytes query = request.destination_port == simulate::kDnsPort ? unframed(request.data) : Bytes{};
      const Bytes message = query.empty() ? Bytes{} : dns_.answer(query, name_of(decision.host), truth);
      if (message.empty()) {
        // Whoever speaks another protocol is told that the conversation is over.
        write_segment(out, request, slant, {}, true);
        return true;
      }
      framed_.assign({static_cast<std::byte>(message.size() >> 8U), static_cast<std::byte>(message.size() & 0xffU)});
      framed_.insert(framed_.end(), message.begin(), message.end());
      write_segment(out, request, slant, framed_, request.has_fin);
      return true;
    }
  }
  return false;
}

bool Responder::schedule(const Request& request, const Decision& decision, Reply reply, const Slant& slant,
                         DnsServer::Truth truth, base::MonoTime due, Role role) {
  DelayQueue::Item* item = queue_.prepare();
  if (item == nullptr) return false;
  if (!write(item->bytes, request, decision, reply, slant, truth)) return false;
  item->tally = tally_;
  item->number = statistics_.at(tally_).requests;
  item->is_primary = role == Role::kPrimary && decision.fate == Fate::kAnswered;
  if (role == Role::kPrimary && decision.fate == Fate::kCorrupted) {
    corrupt(item->bytes, static_cast<std::uint32_t>(decision.noise));
  }
  queue_.push(due);
  return true;
}

void Responder::forge(const Request& request, const Decision& decision, base::MonoTime now) {
  Slant slant;
  slant.ttl = decision.ttl;
  slant.noise = static_cast<std::uint32_t>(decision.noise);
  Reply reply = decision.forged_reply;
  switch (decision.forgery) {
    case Forgery::kNone:
      return;
    case Forgery::kToken:
      slant.wrong_token = true;
      break;
    case Forgery::kSource:
      slant.source = neighbour(request.destination);
      break;
    case Forgery::kTtl:
      // Somebody nearer than the host; in TCP, the reset of a middlebox.
      slant.ttl = static_cast<std::uint8_t>(std::min(255, decision.ttl + 7));
      if (reply == Reply::kSynAck) reply = Reply::kReset;
      break;
  }
  const base::MonoTime due = now + decision.forgery_delay;
  if (schedule(request, decision, reply, slant, DnsServer::Truth::kPlain, due, Role::kCopy)) {
    ++statistics_.at(tally_).forged;
  }
}

void Responder::arrive(Bytes packet, base::MonoTime now) {
  ++statistics_.packets_read;
  const auto request = read_request(packet);
  if (!request) {
    ++statistics_.malformed;
    return;
  }
  Question question{request->destination, Protocol::kIcmp, request->destination_port};
  switch (request->kind) {
    case Request::Kind::kIgnored:
      ++statistics_.ignored;
      return;
    case Request::Kind::kEcho:
      break;
    case Request::Kind::kSyn:
      question.protocol = Protocol::kTcp;
      break;
    case Request::Kind::kSegment:
      question.protocol = Protocol::kTcpData;
      break;
    case Request::Kind::kDatagram:
      question.protocol = Protocol::kUdp;
      break;
  }
  const Decision decision = country_.decide(question, now - start_);
  if (decision.fate == Fate::kNobody) {
    ++statistics_.nobody;
    return;
  }
  tally_ = Statistics::position(decision.host, question.protocol);
  Tally& tally = statistics_.at(tally_);
  tally.count(decision);
  Slant plain;
  plain.ttl = decision.ttl;
  forge(*request, decision, now);
  if (decision.reply == Reply::kNone) return;
  const auto send = [&](base::Duration delay, DnsServer::Truth truth, Role role) {
    return schedule(*request, decision, decision.reply, plain, truth, now + delay, role);
  };
  if (!send(decision.delay, DnsServer::Truth::kPlain, Role::kPrimary)) {
    // No room, or a datagram that is no DNS query: then nobody answers it.
    std::uint64_t& fate = decision.fate == Fate::kAnswered      ? tally.answered
                          : decision.fate == Fate::kUnreachable ? tally.unreachable
                                                                : tally.corrupted;
    --fate;
    ++(queue_.prepare() == nullptr ? tally.overflowed : tally.silent);
    return;
  }
  if (decision.duplicate && send(*decision.duplicate, DnsServer::Truth::kPlain, Role::kCopy)) ++tally.duplicated;
  if (decision.differing && send(*decision.differing, DnsServer::Truth::kDiffering, Role::kCopy)) ++tally.differing;
}

}  // namespace blipd::lab
