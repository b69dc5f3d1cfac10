// DNS questions over UDP: each with a random id from a random port of ours, matched to its answer by port, id,
// source address, source port and question. Every answer is reported until the question is forgotten, so that a
// second one that says something else is noticed. ICMP errors are matched through the query that they quote.
//
// Round trips: the capture shows the request (captured()), the socket's own stamp the answer; both are taken by the
// kernel at the same place. All on the probing thread.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "daemon/engine/dns_probe_cache.hpp"
#include "daemon/engine/dns_udp_sockets.hpp"
#include "daemon/engine/keyed_random.hpp"
#include "daemon/engine/transport.hpp"
#include "probes/wire/ip.hpp"

namespace blipd::engine {

class DnsUdpTransport final : public Transport {
 public:
  DnsUdpTransport(Inbox& inbox, const base::SipKey& key);

  // kFailed with errno set.
  AskStatus ask(const Ask& ask, const base::Moment& now) override;
  void poll(const base::Moment& now) override;
  void forget(probes::ChannelIndex channel, probes::Sequence sequence) override;

  // A UDP packet to or from our range of source ports that the capture has seen. Answers are left to the sockets.
  void captured(const wire::IpPacket& packet, base::WallTime stamp);

  // Which channel a datagram answers, going by its port and id alone: whoever may have sent it. For as long as its
  // question is known, answered or not.
  std::optional<probes::ChannelIndex> channel_answered(const wire::IpPacket& packet) const;

  // Answers that the kernel had no room for, since the start.
  std::uint64_t socket_drops() const { return sockets_.drops(); }
  // Datagrams that the kernel refused as broken.
  std::uint64_t refused() const { return sockets_.refused(); }

  std::size_t questions_under_way() const { return by_probe_.size(); }
  std::size_t open_sockets() const { return sockets_.open_sockets(); }

 private:
  using QuestionIndex = std::uint32_t;

  struct Question {
    probes::ChannelIndex channel = 0;
    probes::Sequence sequence = 0;
    base::Address target;
    std::uint16_t port = 0;
    std::uint16_t id = 0;
    DnsUdpSockets::Index socket = 0;
    bool is_request_seen = false;
    std::uint64_t order = 0;                        // of asking
    std::shared_ptr<const probes::DnsProbe> probe;  // null: a free place
  };

  // An id that no question of `socket` has. There is always one: a socket is retired long before.
  std::uint16_t free_id(DnsUdpSockets::Index socket);
  const Question* find(DnsUdpSockets::Index socket, std::uint16_t id) const;
  const Question* find_newest(DnsUdpSockets::Index socket, const base::Address& target, std::uint16_t port);
  void on_datagram(DnsUdpSockets::Index socket, const Datagram& datagram);
  void on_answer(const Question& question, const Datagram& datagram);
  void on_error(DnsUdpSockets::Index socket, const QueuedError& error);
  bool expects_captured_request(const Question& question) const;

  static std::uint64_t probe_key(probes::ChannelIndex channel, probes::Sequence sequence) {
    return (std::uint64_t{channel} << 32U) | sequence;
  }
  static std::uint64_t id_key(DnsUdpSockets::Index socket, std::uint16_t id) {
    return (std::uint64_t{socket} << 16U) | id;
  }

  Inbox& inbox_;
  KeyedRandom ids_;
  DnsUdpSockets sockets_;
  DnsProbeCache probes_;
  std::vector<Question> questions_;
  std::vector<QuestionIndex> free_;
  std::unordered_map<std::uint64_t, QuestionIndex> by_probe_;
  std::unordered_map<std::uint64_t, QuestionIndex> by_id_;
  base::Moment now_{};  // of the present poll
  std::uint64_t asked_ = 0;
  bool has_captured_ = false;  // since the last poll
  std::optional<base::MonoTime> last_captured_;
  int searches_left_ = 0;  // for errors with a short quote, this poll
};

}  // namespace blipd::engine
