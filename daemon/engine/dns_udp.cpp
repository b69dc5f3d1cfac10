#include "daemon/engine/dns_udp.hpp"

#include <array>
#include <cerrno>
#include <variant>

#include "probes/flow.hpp"
#include "probes/icmp.hpp"
#include "probes/wire/udp.hpp"

namespace blipd::engine {

namespace {

constexpr std::uint64_t kIdPurpose = 0x646e73206964;  // "dns id"
// While the capture shows requests, an answer that overtakes the stamp of its own request waits for it.
constexpr auto kCaptureMemory = std::chrono::seconds(10);
// An ICMP error that quotes no id has to be searched for among all questions; how often in one poll.
constexpr int kSearchesPerPoll = 16;

}  // namespace

DnsUdpTransport::DnsUdpTransport(Inbox& inbox, const base::SipKey& key)
    : inbox_(inbox), ids_(key, kIdPurpose), sockets_(key) {}

AskStatus DnsUdpTransport::ask(const Ask& ask, const base::Moment& now) {
  const auto* const spec = std::get_if<probes::DnsSpec>(&ask.spec->ask);
  auto probe = spec != nullptr ? probes_.find(ask.channel, *spec) : nullptr;
  if (!probe) {
    errno = EINVAL;
    return AskStatus::kFailed;
  }
  DnsUdpSockets::WayOut way{ask.target.family(), std::nullopt, ask.spec->interface};
  if (ask.spec->source && ask.spec->source->family() == way.family) way.source = ask.spec->source;
  const auto flow = probes::flow_of(ask.spec->flows, ask.sequence);
  const auto socket = flow ? sockets_.acquire_kept(way, probes::flow_identifier(ask.target, *flow), now.mono)
                           : sockets_.acquire(way, now.mono);
  if (!socket) return AskStatus::kFailed;
  const std::uint16_t id = free_id(*socket);
  std::array<std::byte, probes::kDnsMaxQueryLength> buffer;
  const base::Bytes query = probe->query().write(buffer, id);
  const int error =
      sockets_.send(*socket, {query, ask.target, spec->port, ask.spec->dscp, ask.spec->ttl, ask.spec->interface});
  if (error != 0) {
    sockets_.release(*socket);
    errno = error;
    return AskStatus::kFailed;
  }
  forget(ask.channel, ask.sequence);
  QuestionIndex index = 0;
  if (free_.empty()) {
    index = static_cast<QuestionIndex>(questions_.size());
    questions_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  questions_[index] = {ask.channel, ask.sequence, ask.target, spec->port,      id,
                       *socket,     false,        asked_++,   std::move(probe)};
  by_probe_[probe_key(ask.channel, ask.sequence)] = index;
  by_id_[id_key(*socket, id)] = index;
  return AskStatus::kSent;
}

std::uint16_t DnsUdpTransport::free_id(DnsUdpSockets::Index socket) {
  auto id = static_cast<std::uint16_t>(ids_.next());
  while (by_id_.contains(id_key(socket, id))) id = static_cast<std::uint16_t>(ids_.next());
  return id;
}

void DnsUdpTransport::forget(probes::ChannelIndex channel, probes::Sequence sequence) {
  const auto found = by_probe_.find(probe_key(channel, sequence));
  if (found == by_probe_.end()) return;
  const QuestionIndex index = found->second;
  by_probe_.erase(found);
  Question& question = questions_[index];
  by_id_.erase(id_key(question.socket, question.id));
  const DnsUdpSockets::Index socket = question.socket;
  question = {};
  free_.push_back(index);
  sockets_.release(socket);
}

const DnsUdpTransport::Question* DnsUdpTransport::find(DnsUdpSockets::Index socket, std::uint16_t id) const {
  const auto found = by_id_.find(id_key(socket, id));
  return found == by_id_.end() ? nullptr : &questions_[found->second];
}

const DnsUdpTransport::Question* DnsUdpTransport::find_newest(DnsUdpSockets::Index socket, const base::Address& target,
                                                              std::uint16_t port) {
  if (searches_left_ == 0) return nullptr;
  --searches_left_;
  const Question* newest = nullptr;
  for (const Question& question : questions_) {
    const bool fits = question.probe && question.socket == socket && question.port == port && question.target == target;
    if (fits && (newest == nullptr || question.order > newest->order)) newest = &question;
  }
  return newest;
}

void DnsUdpTransport::captured(const wire::IpPacket& packet, base::WallTime stamp) {
  const auto datagram = wire::read_udp(packet);
  if (!datagram) return;
  const auto socket = sockets_.find(packet.destination.family(), datagram->source_port);
  const auto id = probes::dns_message_id(datagram->payload);
  if (!socket || !id) return;
  const auto found = by_id_.find(id_key(*socket, *id));
  if (found == by_id_.end()) return;
  Question& question = questions_[found->second];
  if (question.target != packet.destination || question.port != datagram->destination_port) return;
  question.is_request_seen = true;
  has_captured_ = true;
  Learned learned;
  learned.kind = Learned::Kind::kRequestSeen;
  learned.channel = question.channel;
  learned.sequence = question.sequence;
  learned.from = packet.source;
  learned.stamp = {stamp, probes::StampSource::kCapture};
  inbox_.learned(learned);
}

std::optional<probes::ChannelIndex> DnsUdpTransport::channel_answered(const wire::IpPacket& packet) const {
  const auto datagram = wire::read_udp(packet);
  if (!datagram) return std::nullopt;
  const auto socket = sockets_.find(packet.source.family(), datagram->destination_port);
  const auto id = probes::dns_message_id(datagram->payload);
  if (!socket || !id) return std::nullopt;
  const auto found = by_id_.find(id_key(*socket, *id));
  if (found == by_id_.end()) return std::nullopt;
  return questions_[found->second].channel;
}

void DnsUdpTransport::poll(const base::Moment& now) {
  now_ = now;
  searches_left_ = kSearchesPerPoll;
  if (has_captured_) last_captured_ = now.mono;
  has_captured_ = false;
  sockets_.poll(
      now.mono, [this](DnsUdpSockets::Index socket, const Datagram& datagram) { on_datagram(socket, datagram); },
      [this](DnsUdpSockets::Index socket, const QueuedError& error) { on_error(socket, error); });
}

bool DnsUdpTransport::expects_captured_request(const Question& question) const {
  return question.is_request_seen || (last_captured_ && now_.mono - *last_captured_ < kCaptureMemory);
}

void DnsUdpTransport::on_datagram(DnsUdpSockets::Index socket, const Datagram& datagram) {
  const auto id = probes::dns_message_id(datagram.bytes);
  if (!id) {
    inbox_.unmatched(Learned::Kind::kMalformed);
    return;
  }
  const Question* const question = find(socket, *id);
  if (question == nullptr) {
    inbox_.unmatched(Learned::Kind::kAnswer);
    return;
  }
  if (datagram.source == question->target && datagram.source_port == question->port) {
    on_answer(*question, datagram);
    return;
  }
  Learned learned;
  learned.kind = Learned::Kind::kForged;
  learned.channel = question->channel;
  learned.sequence = question->sequence;
  learned.from = datagram.source;
  learned.ttl = datagram.ttl;
  const probes::DnsProbe::Judged judged = question->probe->read(datagram.bytes, question->id);
  learned.is_from_elsewhere = judged.reading.kind == probes::DnsReading::Kind::kAnswer;
  inbox_.learned(learned);
}

void DnsUdpTransport::on_answer(const Question& question, const Datagram& datagram) {
  using Kind = probes::DnsReading::Kind;
  probes::DnsProbe::Judged judged = question.probe->read(datagram.bytes, question.id);
  Learned learned;
  learned.channel = question.channel;
  learned.sequence = question.sequence;
  learned.from = datagram.source;
  learned.ttl = datagram.ttl;
  if (!datagram.stamp) {
    learned.stamp = {now_.wall, probes::StampSource::kUserSpace};
  } else {
    learned.stamp = {*datagram.stamp,
                     expects_captured_request(question) ? probes::StampSource::kCapture : probes::StampSource::kKernel};
  }
  if (judged.reading.kind != Kind::kAnswer) {
    learned.kind = judged.reading.kind == Kind::kOtherQuestion ? Learned::Kind::kForged : Learned::Kind::kMalformed;
    inbox_.learned(learned);
    return;
  }
  const probes::AnswerDetail detail{question.target, std::move(judged.reading.facts), std::nullopt};
  learned.kind = Learned::Kind::kAnswer;
  learned.answer = probes::AnswerKind::kDnsMessage;
  learned.content = judged.reading.content;
  learned.service = judged.service;
  learned.detail = &detail;
  inbox_.learned(learned);
}

void DnsUdpTransport::on_error(DnsUdpSockets::Index socket, const QueuedError& error) {
  // RFC 792 asks for 8 bytes of the query's packet, all of which the UDP header takes up.
  base::ByteReader quote(error.payload);
  const std::uint16_t id = quote.u16();
  const Question* const question =
      quote.ok() ? find(socket, id) : find_newest(socket, error.destination, error.destination_port);
  const bool fits =
      question != nullptr && question->target == error.destination && question->port == error.destination_port;
  if (!fits) {
    inbox_.unmatched(Learned::Kind::kUnreachable);
    return;
  }
  Learned learned;
  learned.channel = question->channel;
  learned.sequence = question->sequence;
  learned.stamp = {now_.wall, probes::StampSource::kUserSpace};
  if (error.notice && probes::is_icmp_error(error.destination.family(), error.notice->type)) {
    learned.kind = Learned::Kind::kUnreachable;
    learned.from = error.notice->sender;
    learned.notice = error.notice;
  } else if (error.is_local) {
    learned.kind = Learned::Kind::kFailedLocally;
  } else {
    return;  // a redirect or the like, after which the packet went on
  }
  inbox_.learned(learned);
}

}  // namespace blipd::engine
