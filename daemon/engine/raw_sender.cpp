#include "daemon/engine/raw_sender.hpp"

#include <linux/filter.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "daemon/engine/file_descriptor.hpp"
#include "daemon/engine/socket_address.hpp"
#include "daemon/engine/source_table.hpp"
#include "probes/flow.hpp"
#include "probes/wire/ip.hpp"

namespace blipd::engine {

namespace {

constexpr std::size_t kBatch = 32;
constexpr std::size_t kMaxPacket = wire::kIpv4HeaderLength + 8 + probes::IcmpSpec::kMaxSize;
constexpr int kSendBuffer = 4 << 20;

// Where the TCP checksum stands in the segment (RFC 9293, 3.1), for IPV6_CHECKSUM.
constexpr int kTcpChecksumOffset = 16;

// Raw sockets are given a copy of whatever of their protocol arrives. Answers are read elsewhere.
bool refuse_input(int fd) {
  sock_filter nothing{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog program{1, &nothing};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

// Of <linux/in6.h>, which cannot stand beside <netinet/in.h>.
constexpr int kIpv6FlowInfo = 11;

template <class Value>
bool set_option(int fd, int level, int name, const Value& value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

}  // namespace

class RawSender::Impl {
 public:
  Impl(const probes::IcmpEcho& echo, const probes::TcpSyn& syn, const base::Clock& clock)
      : echo_(echo), syn_(syn), clock_(clock) {}

  void add(const Ask& ask, const Done& done) {
    const Protocol protocol = protocol_of(ask);
    Lane& lane = lane_of(protocol);
    if (lane.error != 0) {
      done(ask, lane.error, clock_.read());
      return;
    }
    Packet& packet = lane.packets[lane.count];
    packet.ask = ask;
    if (const int error = write(packet, protocol); error != 0) {
      done(ask, error, clock_.read());
      return;
    }
    if (++lane.count == kBatch) send(lane, done);
  }

  void flush(const Done& done) {
    for (Lane& lane : lanes_) {
      if (lane.count > 0) send(lane, done);
    }
  }

  void forget_sources() {
    sources_.clear();
    interfaces_.clear();
  }

  int open() {
    for (const Protocol protocol : {Protocol::kIpv4, Protocol::kIcmpV6, Protocol::kTcpV6}) {
      open_lane(lane_of(protocol), protocol);
    }
    return lane_of(Protocol::kIpv4).error;
  }

 private:
  enum class Protocol : std::uint8_t { kIpv4, kIcmpV6, kTcpV6 };

  struct Packet {
    Ask ask;
    SocketAddress to;
    std::array<std::byte, kMaxPacket> bytes;
    base::Bytes used;
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int)) * 4 + CMSG_SPACE(sizeof(in6_pktinfo))> control;
    std::size_t control_length = 0;
  };

  // One socket and the batch that is being filled for it.
  struct Lane {
    FileDescriptor socket;
    int error = 0;
    std::size_t count = 0;
    std::vector<Packet> packets = std::vector<Packet>(kBatch);
  };

  static Protocol protocol_of(const Ask& ask) {
    if (ask.target.is_v4()) return Protocol::kIpv4;
    return std::holds_alternative<probes::IcmpSpec>(ask.spec->ask) ? Protocol::kIcmpV6 : Protocol::kTcpV6;
  }

  static int number_of(Protocol protocol) {
    switch (protocol) {
      case Protocol::kIpv4:
        return IPPROTO_RAW;
      case Protocol::kIcmpV6:
        return IPPROTO_ICMPV6;
      case Protocol::kTcpV6:
        break;
    }
    return IPPROTO_TCP;
  }

  Lane& lane_of(Protocol protocol) { return lanes_[static_cast<std::size_t>(protocol)]; }

  static void open_lane(Lane& lane, Protocol protocol) {
    const int family = protocol == Protocol::kIpv4 ? AF_INET : AF_INET6;
    FileDescriptor socket(::socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, number_of(protocol)));
    bool is_ready = socket.is_open() && refuse_input(socket.get());
    if (is_ready && protocol == Protocol::kTcpV6) {
      is_ready = set_option(socket.get(), IPPROTO_IPV6, IPV6_CHECKSUM, kTcpChecksumOffset);
    }
    lane.error = is_ready ? 0 : errno;
    if (!is_ready) return;
    set_option(socket.get(), SOL_SOCKET, SO_SNDBUF, kSendBuffer);
    lane.socket = std::move(socket);
  }

  // Fills in bytes and address; returns 0 or an errno.
  int write(Packet& packet, Protocol protocol) {
    const Ask& ask = packet.ask;
    // A raw socket takes the port of an IPv6 destination for a protocol number (ipv6(7)): it stays 0.
    packet.to = to_socket_address(ask.target, 0);
    packet.control_length = 0;
    const base::MutableBytes out(packet.bytes);
    const std::size_t header = protocol == Protocol::kIpv4 ? wire::kIpv4HeaderLength : 0;
    unsigned interface = 0;
    if (!ask.spec->interface.empty()) {
      interface = index_of(ask.spec->interface);
      if (interface == 0) return ENODEV;
    }
    base::Address source;
    if (ask.spec->source && ask.spec->source->family() == ask.target.family()) source = *ask.spec->source;
    const auto* icmp = std::get_if<probes::IcmpSpec>(&ask.spec->ask);
    if (icmp != nullptr) {
      packet.used = echo_.write_request(out.subspan(header), ask.target, ask.channel, ask.sequence, icmp->size,
                                        probes::flow_of(ask.spec->flows, ask.sequence));
    } else {
      if (ask.target.is_v4() && source.is_unspecified()) {
        int error = 0;
        const auto found = sources_.source_toward(ask.target, ask.spec->interface, error);
        if (!found) return error;
        source = *found;
      }
      packet.used =
          syn_.write_syn(out.subspan(header), source, ask.target, std::get<probes::TcpSpec>(ask.spec->ask).port,
                         ask.channel, ask.sequence, ask.spec->flows);
    }
    const bool dont_fragment = icmp != nullptr && icmp->dont_fragment;
    if (protocol == Protocol::kIpv4) {
      write_ipv4_header(packet, source, icmp != nullptr, dont_fragment);
      if (interface != 0) write_ipv4_control(packet, interface);
    } else {
      write_ipv6_control(packet, source, interface, dont_fragment);
    }
    return 0;
  }

  // 0 when there is none of this name.
  unsigned index_of(const std::string& interface) {
    const auto known = interfaces_.find(interface);
    if (known != interfaces_.end()) return known->second;
    const unsigned index = ::if_nametoindex(interface.c_str());
    if (index != 0) interfaces_.emplace(interface, index);
    return index;
  }

  void write_ipv4_header(Packet& packet, const base::Address& source, bool is_icmp, bool dont_fragment) {
    base::ByteWriter writer(packet.bytes);
    wire::Ipv4Fields fields;
    fields.source = source;
    fields.destination = packet.ask.target;
    fields.protocol = is_icmp ? wire::kIcmp : wire::kTcp;
    fields.ttl = packet.ask.spec->ttl;
    fields.traffic_class = static_cast<std::uint8_t>(packet.ask.spec->dscp << 2U);
    fields.dont_fragment = dont_fragment;
    // A zero would have the kernel look for a number of its own, which costs more than the rest of the header. Nobody
    // puts our packets together from fragments of different ones: RFC 6864, 4.3.
    if (++identification_ == 0) ++identification_;
    fields.identification = identification_;
    fields.payload_length = static_cast<std::uint16_t>(packet.used.size());
    wire::write_ipv4(writer, fields);
    packet.used = base::Bytes(packet.bytes).first(wire::kIpv4HeaderLength + packet.used.size());
  }

  template <class Value>
  static void add_control(Packet& packet, int level, int type, const Value& value) {
    cmsghdr header{};
    header.cmsg_level = level;
    header.cmsg_type = type;
    header.cmsg_len = CMSG_LEN(sizeof value);
    std::byte* const at = packet.control.data() + packet.control_length;
    std::memcpy(at, &header, sizeof header);
    std::memcpy(at + CMSG_LEN(0), &value, sizeof value);
    packet.control_length += CMSG_SPACE(sizeof value);
  }

  static void write_ipv4_control(Packet& packet, unsigned interface) {
    packet.control.fill(std::byte{0});
    in_pktinfo by{};
    by.ipi_ifindex = static_cast<int>(interface);
    add_control(packet, IPPROTO_IP, IP_PKTINFO, by);
  }

  static void write_ipv6_control(Packet& packet, const base::Address& source, unsigned interface, bool dont_fragment) {
    packet.control.fill(std::byte{0});
    add_control(packet, IPPROTO_IPV6, IPV6_HOPLIMIT, static_cast<int>(packet.ask.spec->ttl));
    add_control(packet, IPPROTO_IPV6, IPV6_TCLASS, static_cast<int>(packet.ask.spec->dscp << 2U));
    add_control(packet, IPPROTO_IPV6, IPV6_DONTFRAG, dont_fragment ? 1 : 0);
    // Left to itself the kernel gives all that a raw socket sends to one target the same label.
    if (const auto flow = probes::flow_of(packet.ask.spec->flows, packet.ask.sequence)) {
      add_control(packet, IPPROTO_IPV6, kIpv6FlowInfo, htonl(probes::flow_label(packet.ask.target, *flow)));
    }
    const bool has_source = source.is_v6() && !source.is_unspecified();
    if (!has_source && interface == 0) return;
    in6_pktinfo by{};
    by.ipi6_ifindex = interface;
    if (has_source) std::memcpy(&by.ipi6_addr, source.bytes().data(), sizeof by.ipi6_addr);
    add_control(packet, IPPROTO_IPV6, IPV6_PKTINFO, by);
  }

  void send(Lane& lane, const Done& done) {
    std::array<mmsghdr, kBatch> messages{};
    std::array<iovec, kBatch> vectors{};
    for (std::size_t i = 0; i < lane.count; ++i) {
      Packet& packet = lane.packets[i];
      // sendmsg does not write through these pointers; POSIX merely has one struct for both directions.
      vectors[i] = {const_cast<std::byte*>(packet.used.data()), packet.used.size()};
      msghdr& message = messages[i].msg_hdr;
      message.msg_name = packet.to.get();
      message.msg_namelen = packet.to.length;
      message.msg_iov = &vectors[i];
      message.msg_iovlen = 1;
      if (packet.control_length > 0) {
        message.msg_control = packet.control.data();
        message.msg_controllen = packet.control_length;
      }
    }
    std::size_t at = 0;
    while (at < lane.count) {
      const base::Moment before = clock_.read();
      const int sent = ::sendmmsg(lane.socket.get(), &messages[at], static_cast<unsigned>(lane.count - at), 0);
      if (sent > 0) {
        // One stamp for a whole batch would be more than 100 µs off for its last packet.
        const base::Duration each = (clock_.read().mono - before.mono) / sent;
        for (int i = 0; i < sent; ++i) {
          const base::Duration into = each * i + each / 2;
          done(lane.packets[at++].ask, 0, {before.mono + into, before.wall + into, before.boot + into, before.spread});
        }
        continue;
      }
      // The first of the rest failed: it alone is given up.
      if (errno == EINTR) continue;
      const int error = sent < 0 ? errno : EIO;
      // An interface that was deleted has another index when one of the same name returns.
      if (error == ENODEV || error == ENXIO) interfaces_.clear();
      done(lane.packets[at++].ask, error, before);
    }
    lane.count = 0;
  }

  const probes::IcmpEcho& echo_;
  const probes::TcpSyn& syn_;
  const base::Clock& clock_;
  std::uint16_t identification_ = 0;
  SourceTable sources_;
  std::map<std::string, unsigned> interfaces_;  // indices of those that probes name
  std::array<Lane, 3> lanes_;                   // by protocol
};

RawSender::RawSender(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RawSender::~RawSender() = default;

base::Expected<std::unique_ptr<RawSender>> RawSender::open(const probes::IcmpEcho& echo, const probes::TcpSyn& syn,
                                                           const base::Clock& clock) {
  auto impl = std::make_unique<Impl>(echo, syn, clock);
  if (const int error = impl->open(); error != 0) {
    return base::fail("cannot open a raw socket: {}", std::strerror(error));
  }
  return std::unique_ptr<RawSender>(new RawSender(std::move(impl)));
}

void RawSender::add(const Ask& ask, const Done& done) { impl_->add(ask, done); }
void RawSender::flush(const Done& done) { impl_->flush(done); }
void RawSender::forget_sources() { impl_->forget_sources(); }

}  // namespace blipd::engine
