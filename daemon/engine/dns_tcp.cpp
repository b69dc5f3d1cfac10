#include "daemon/engine/dns_tcp.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <variant>

namespace blipd::engine {

namespace {

constexpr std::uint64_t kIdPurpose = 0x646e7320746370;  // "dns tcp"
// What one connection may take of a tick; the rest is read in the next one.
constexpr int kReadsPerPoll = 8;

// Adds the kernel's stamp of the last byte read, where there is one.
ssize_t read_stamped(int fd, base::MutableBytes into, std::optional<base::WallTime>& stamp) {
  iovec vector{into.data(), into.size()};
  struct alignas(cmsghdr) Control {
    std::array<std::byte, 128> bytes;
  } control;
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  const ssize_t count = ::recvmsg(fd, &message, MSG_DONTWAIT);
  if (count <= 0) return count;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec at{};
    std::memcpy(&at, CMSG_DATA(c), sizeof at);
    stamp = base::WallTime(std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec));
  }
  return count;
}

bool is_transient(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

DnsTcpTransport::DnsTcpTransport(Inbox& inbox) : inbox_(inbox), ids_(base::SipKey::random(), kIdPurpose) {}

AskStatus DnsTcpTransport::ask(const Ask& ask, const base::Moment& now) {
  const auto* const spec = std::get_if<probes::DnsSpec>(&ask.spec->ask);
  auto probe = spec != nullptr ? probes_.find(ask.channel, *spec) : nullptr;
  if (!probe) {
    errno = EINVAL;
    return AskStatus::kFailed;
  }
  const auto index = connections_.dial(ask, spec->port, now);
  if (!index) return AskStatus::kFailed;
  if (*index >= exchanges_.size()) exchanges_.resize(*index + std::size_t{1});
  exchanges_[*index] = Exchange{std::move(probe), static_cast<std::uint16_t>(ids_.next()), {}, {}, {}};
  return AskStatus::kSent;
}

void DnsTcpTransport::poll(const base::Moment&) {
  connections_.look([this](TcpConnections::Index index) { on_news(index); });
}

void DnsTcpTransport::forget(probes::ChannelIndex channel, probes::Sequence sequence) {
  if (const auto index = connections_.find(channel, sequence)) finish(*index, std::nullopt);
}

void DnsTcpTransport::finish(TcpConnections::Index index, const std::optional<Learned>& learned) {
  exchanges_[index] = {};
  connections_.close(index);
  if (learned) inbox_.learned(*learned);
}

void DnsTcpTransport::on_news(TcpConnections::Index index) {
  Exchange& exchange = exchanges_[index];
  if (!exchange.stream) {
    on_handshake(index);
    if (!exchanges_[index].stream) return;
  } else {
    const bool is_writing = exchange.stream->state() == probes::DnsStream::State::kWriting;
    if (is_writing ? !write_some(index) : !read_some(index)) exchange.stream->closed();
  }
  if (!exchange.stream->is_over()) return;
  if (exchange.stream->state() == probes::DnsStream::State::kComplete) {
    on_answer(index);
  } else {
    on_broken_off(index);
  }
}

void DnsTcpTransport::on_handshake(TcpConnections::Index index) {
  const TcpConnections::Connection& connection = connections_.at(index);
  const int fd = connection.socket.get();
  const Handshake handshake = read_handshake(fd, connection.target.family());
  Exchange& exchange = exchanges_[index];
  if (handshake.end == Handshake::End::kConnected) {
    std::array<std::byte, probes::kDnsMaxQueryLength> buffer;
    exchange.stream.emplace(exchange.probe->query().write(buffer, exchange.id));
    set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
    exchange.sent = clock_.read();
    if (!write_some(index)) exchange.stream->closed();
    return;
  }
  std::optional<Learned> learned = connections_.about_failure(index, handshake, clock_.read());
  if (learned && learned->kind == Learned::Kind::kAnswer) learned->service = exchange.probe->judge_refusal();
  finish(index, learned);
}

// Closed or reset before its answer was whole, or an answer of impossible length.
void DnsTcpTransport::on_broken_off(TcpConnections::Index index) {
  Learned learned = connections_.about(index);
  learned.kind = Learned::Kind::kMalformed;
  finish(index, learned);
}

// False when the connection is no more.
bool DnsTcpTransport::write_some(TcpConnections::Index index) {
  probes::DnsStream& stream = *exchanges_[index].stream;
  const int fd = connections_.at(index).socket.get();
  const base::Bytes bytes = stream.to_write();
  const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count < 0) return is_transient(errno);
  stream.wrote(static_cast<std::size_t>(count));
  if (stream.state() == probes::DnsStream::State::kReading) connections_.want_reading(index);
  return true;
}

bool DnsTcpTransport::read_some(TcpConnections::Index index) {
  Exchange& exchange = exchanges_[index];
  const int fd = connections_.at(index).socket.get();
  std::array<std::byte, 16384> buffer;
  for (int i = 0; i < kReadsPerPoll && !exchange.stream->is_over(); ++i) {
    const ssize_t count = read_stamped(fd, buffer, exchange.received);
    if (count < 0) return is_transient(errno);
    if (count == 0) return false;
    exchange.stream->received(base::Bytes(buffer).first(static_cast<std::size_t>(count)));
  }
  return true;
}

std::optional<base::Duration> DnsTcpTransport::round_trip(const Exchange& exchange, int fd,
                                                          const base::Moment& now) const {
  if (has_retransmitted(fd)) return std::nullopt;
  const base::Duration bound = now.mono - exchange.sent.mono;
  if (!exchange.received) return bound;
  const base::Duration stamped = *exchange.received - exchange.sent.wall;
  // Otherwise the wall clock stepped in between.
  const bool is_plausible = stamped >= base::Duration::zero() && stamped <= bound + std::chrono::milliseconds(1);
  return is_plausible ? std::optional(stamped) : std::nullopt;
}

void DnsTcpTransport::on_answer(TcpConnections::Index index) {
  using Kind = probes::DnsReading::Kind;
  const TcpConnections::Connection& connection = connections_.at(index);
  const Exchange& exchange = exchanges_[index];
  probes::DnsProbe::Judged judged = exchange.probe->read(exchange.stream->message(), exchange.id);
  Learned learned = connections_.about(index);
  if (judged.reading.kind != Kind::kAnswer) {
    learned.kind = judged.reading.kind == Kind::kMalformed ? Learned::Kind::kMalformed : Learned::Kind::kForged;
    finish(index, learned);
    return;
  }
  const base::Moment now = clock_.read();
  const probes::AnswerDetail detail{connection.target, std::move(judged.reading.facts), std::nullopt};
  learned.answer = probes::AnswerKind::kDnsMessage;
  learned.content = judged.reading.content;
  learned.service = judged.service;
  learned.detail = &detail;
  learned.kernel_rtt = round_trip(exchange, connection.socket.get(), now);
  // Without a round trip the stamp stays at its beginning, which makes it void.
  if (learned.kernel_rtt) learned.stamp = {exchange.received.value_or(now.wall), probes::StampSource::kUserSpace};
  finish(index, learned);
}

}  // namespace blipd::engine
