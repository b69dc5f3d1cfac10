// HTTP and HTTPS as probes, a connection each: the TCP handshake is our own (TcpConnections), what is said over it is
// libcurl's (HttpExchange). What proves the path is the handshake, or its refusal; everything after it says only
// whether the service is as expected. So a probe whose handshake stood is reported as answered in any case: when its
// exchange ends, or at its timeout. The round trip is the kernel's own, of the handshake. All on the probing thread.
//
// TLS costs time, a millisecond and more for each handshake. In one tick only so much of it is spent; who does not get
// a turn waits for the next one.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/engine/certificates.hpp"
#include "daemon/engine/http_exchange.hpp"
#include "daemon/engine/http_probe_cache.hpp"
#include "daemon/engine/http_talker.hpp"
#include "daemon/engine/tcp_connections.hpp"
#include "daemon/engine/transport.hpp"

namespace blipd::engine {

class HttpTransport final : public Transport {
 public:
  // What a channel's target is called where the probe names no host of its own.
  using HostOf = std::function<std::string(probes::ChannelIndex)>;

  HttpTransport(Inbox& inbox, HostOf host_of);
  ~HttpTransport() override;

  // kFailed with errno set.
  AskStatus ask(const Ask& ask, const base::Moment& now) override;
  void poll(const base::Moment& now) override;
  void forget(probes::ChannelIndex channel, probes::Sequence sequence) override;

  // Files of roots are read again.
  void forget_roots() { roots_.forget(); }

  std::size_t connections() const { return connections_.size(); }

 private:
  using Index = TcpConnections::Index;

  // What a connection is about, at the same index.
  struct Talk {
    enum class State : std::uint8_t { kNone, kConnecting, kWaiting, kTalking, kHopeless };
    State state = State::kNone;
    bool has_stood = false;       // some handshake of it has, so that the host is there
    bool is_passed_over = false;  // there is news that had to wait for the next tick
    std::shared_ptr<const ReadyHttp> asked;
    HttpPlace place;
    base::Moment began;                 // when the first SYN left
    std::optional<base::Duration> rtt;  // of the first handshake
    Stamp stamp;
    probes::HttpFacts facts;
    std::unique_ptr<HttpExchange> exchange;  // of kTalking

    base::MonoTime deadline() const { return began.mono + asked->spec.timeout; }
  };

  bool is_spent() const;
  void on_news(Index index);
  void on_handshake(Index index);
  void on_failed_handshake(Index index, const Handshake& handshake, const base::Moment& now);
  void begin_waiting();
  void begin(Index index);
  void on_ended(Index index);
  bool follow(Index index);
  void look_at_deadlines();
  void conclude(Index index);
  void tell(Talk& talk, const Ask& ask, std::string_view body);
  void drop(Index index);

  Inbox& inbox_;
  HostOf host_of_;
  base::SystemClock clock_;
  HttpProbeCache probes_;
  TrustStores roots_;
  TcpConnections connections_;
  HttpTalker talker_;
  std::vector<Talk> talks_;
  std::deque<Index> waiting_;  // for their turn to begin; those that are no longer kWaiting are passed over
  base::MonoTime spent_at_{};  // when this tick's time for exchanges is over
};

}  // namespace blipd::engine
