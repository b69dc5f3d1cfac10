// DNS questions over TCP (RFC 7766), a connection each. The round trip runs from the query's departure to the
// arrival of its answer's last byte, so that it compares with that over UDP and has no tick of ours in it: our own
// stamp right before sending, the kernel's on receiving. All on the probing thread.
//
// A refused connection is an answer (the host is there) whose service is not as expected; a connection that ends
// without an answer is malformed.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "daemon/engine/dns_probe_cache.hpp"
#include "daemon/engine/keyed_random.hpp"
#include "daemon/engine/tcp_connections.hpp"
#include "daemon/engine/transport.hpp"
#include "probes/base/siphash.hpp"
#include "probes/dns_stream.hpp"

namespace blipd::engine {

class DnsTcpTransport final : public Transport {
 public:
  explicit DnsTcpTransport(Inbox& inbox);

  // kFailed with errno set.
  AskStatus ask(const Ask& ask, const base::Moment& now) override;
  void poll(const base::Moment& now) override;
  void forget(probes::ChannelIndex channel, probes::Sequence sequence) override;

  std::size_t connections() const { return connections_.size(); }

 private:
  // What a connection is about, at the same index.
  struct Exchange {
    std::shared_ptr<const probes::DnsProbe> probe;
    std::uint16_t id = 0;
    std::optional<probes::DnsStream> stream;  // once the handshake is over
    base::Moment sent{};
    std::optional<base::WallTime> received;  // the last piece, by the kernel
  };

  void on_news(TcpConnections::Index index);
  void on_handshake(TcpConnections::Index index);
  bool write_some(TcpConnections::Index index);
  bool read_some(TcpConnections::Index index);
  void on_answer(TcpConnections::Index index);
  std::optional<base::Duration> round_trip(const Exchange& exchange, int fd, const base::Moment& now) const;
  void on_broken_off(TcpConnections::Index index);
  void finish(TcpConnections::Index index, const std::optional<Learned>& learned);

  Inbox& inbox_;
  base::SystemClock clock_;  // queries leave, and news comes, within a tick and not at its start
  KeyedRandom ids_;
  DnsProbeCache probes_;
  TcpConnections connections_;
  std::vector<Exchange> exchanges_;
};

}  // namespace blipd::engine
