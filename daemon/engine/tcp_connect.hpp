// Whole TCP handshakes by the kernel, as probes: connected, refused and unreachable told apart, and closed with a
// reset at once. The round trip is the kernel's own (tcpi_rtt); that of a refusal, which the kernel does not
// keep, runs until the tick that noticed it and says that it comes from user space. All on the probing thread.
#pragma once

#include "daemon/engine/tcp_connections.hpp"
#include "daemon/engine/transport.hpp"

namespace blipd::engine {

class TcpConnectTransport final : public Transport {
 public:
  explicit TcpConnectTransport(Inbox& inbox) : inbox_(inbox) {}

  // kFailed with errno set.
  AskStatus ask(const Ask& ask, const base::Moment& now) override;
  void poll(const base::Moment& now) override;
  void forget(probes::ChannelIndex channel, probes::Sequence sequence) override;

  std::size_t connections() const { return connections_.size(); }

 private:
  void on_news(TcpConnections::Index index);

  Inbox& inbox_;
  base::SystemClock clock_;  // what has news may have got it after the tick began
  TcpConnections connections_;
};

}  // namespace blipd::engine
