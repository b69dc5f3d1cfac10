#include "daemon/engine/ping_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <variant>

#include "daemon/engine/kernel_socket.hpp"
#include "daemon/engine/receive_socket.hpp"
#include "daemon/engine/socket_address.hpp"
#include "probes/flow.hpp"
#include "probes/icmp.hpp"
#include "probes/wire/icmp.hpp"
#include "probes/wire/ip.hpp"

namespace blipd::engine {

namespace {

constexpr std::size_t kMaxDatagramsPerPoll = 4096;

// One socket, and the identifier that the kernel gave it.
struct Side {
  FileDescriptor fd;
  base::Family family = base::Family::kIpv4;
  std::uint16_t identifier = 0;
  ReceiveState state;
};

std::optional<Side> open_side(base::Family family) {
  const bool is_v4 = family == base::Family::kIpv4;
  Side side;
  side.family = family;
  side.fd = FileDescriptor(::socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                                    is_v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6}));
  if (!side.fd.is_open()) return std::nullopt;
  SocketAddress any;
  any.storage.ss_family = static_cast<sa_family_t>(is_v4 ? AF_INET : AF_INET6);
  any.length = is_v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (::bind(side.fd.get(), any.get(), any.length) != 0) return std::nullopt;
  if (::getsockname(side.fd.get(), any.get(), &any.length) != 0) return std::nullopt;
  side.identifier = from_socket_address(any.storage).port;
  prepare_to_receive(side.fd.get(), family);
  keep_errors(side.fd.get(), family);
  return side;
}

class PingSocketsImpl final : public PingSockets {
 public:
  PingSocketsImpl(Inbox& inbox, const base::SipKey& key, Side v4, std::optional<Side> v6)
      : inbox_(inbox), key_(key), v4_(std::move(v4)), v6_(std::move(v6)) {}

  AskStatus ask(const Ask& ask, const base::Moment&) override {
    Side* const side = side_of(ask.target.family());
    // Where it is to leave from cannot be said to these sockets one packet at a time: rather not than otherwise.
    if (side == nullptr || ask.spec->source || !ask.spec->interface.empty()) {
      errno = EOPNOTSUPP;
      return AskStatus::kFailed;
    }
    const auto& icmp = std::get<probes::IcmpSpec>(ask.spec->ask);
    const base::Bytes message = echo(*side).write_request(buffer_, ask.target, ask.channel, ask.sequence, icmp.size,
                                                          probes::flow_of(ask.spec->flows, ask.sequence));
    const SocketAddress to = to_socket_address(ask.target, 0);
    const ssize_t sent = ::sendto(side->fd.get(), message.data(), message.size(), 0, to.get(), to.length);
    return sent < 0 ? AskStatus::kFailed : AskStatus::kSent;
  }

  void poll(const base::Moment&) override {
    for (Side* side : {side_of(base::Family::kIpv4), side_of(base::Family::kIpv6)}) {
      if (side == nullptr) continue;
      drain_errors(side->fd.get(), kMaxDatagramsPerPoll, [&](const QueuedError& error) { take_error(*side, error); });
      reader_.read(
          side->fd.get(), kMaxDatagramsPerPoll, [&](const Datagram& datagram) { take(*side, datagram); }, side->state);
    }
  }

  void forget(probes::ChannelIndex, probes::Sequence) override {}

  std::uint64_t drops() const override { return reader_.drops(); }

 private:
  Side* side_of(base::Family family) {
    if (family == base::Family::kIpv4) return &v4_;
    return v6_ ? &*v6_ : nullptr;
  }

  probes::IcmpEcho echo(const Side& side) const { return {key_, side.identifier}; }

  void take(const Side& side, const Datagram& datagram) {
    wire::IpPacket packet;
    packet.source = datagram.source;
    packet.protocol = side.family == base::Family::kIpv4 ? wire::kIcmp : wire::kIcmpV6;
    packet.ttl = datagram.ttl;
    packet.payload = datagram.bytes;
    // Verified by the kernel, and not to be done again without the destination.
    packet.is_truncated = true;
    const probes::EchoReading reading = echo(side).read(packet);
    Learned learned;
    learned.channel = reading.channel;
    learned.sequence = reading.sequence;
    learned.from = datagram.source;
    learned.ttl = datagram.ttl;
    if (datagram.stamp) learned.stamp = {*datagram.stamp, probes::StampSource::kKernel};
    learned.answer = probes::AnswerKind::kEchoReply;
    switch (reading.kind) {
      case probes::EchoReading::Kind::kReply:
        learned.kind = Learned::Kind::kAnswer;
        inbox_.learned(learned);
        break;
      case probes::EchoReading::Kind::kForged:
        inbox_.unmatched(Learned::Kind::kForged);
        break;
      case probes::EchoReading::Kind::kMalformed:
        inbox_.unmatched(Learned::Kind::kMalformed);
        break;
      default:
        break;
    }
  }

  // The quote is our own message: 8 bytes of header, then the channel and the sequence.
  void take_error(const Side& side, const QueuedError& error) {
    if (!error.notice || !probes::is_icmp_error(side.family, error.notice->type)) return;
    base::ByteReader reader(error.payload);
    reader.skip(wire::kIcmpHeaderLength);
    Learned learned;
    learned.kind = Learned::Kind::kUnreachable;
    learned.channel = reader.u32();
    learned.sequence = reader.u32();
    if (!reader.ok()) return;
    learned.from = error.notice->sender;
    learned.notice = error.notice;
    inbox_.learned(learned);
  }

  Inbox& inbox_;
  base::SipKey key_;
  Side v4_;
  std::optional<Side> v6_;
  DatagramReader reader_;
  std::array<std::byte, 8 + probes::IcmpSpec::kMaxSize> buffer_{};
};

}  // namespace

base::Expected<std::unique_ptr<PingSockets>> PingSockets::open(Inbox& inbox, const base::SipKey& key) {
  auto v4 = open_side(base::Family::kIpv4);
  if (!v4) return base::fail("cannot open an unprivileged ICMP socket: {}", std::strerror(errno));
  return std::make_unique<PingSocketsImpl>(inbox, key, std::move(*v4), open_side(base::Family::kIpv6));
}

}  // namespace blipd::engine
