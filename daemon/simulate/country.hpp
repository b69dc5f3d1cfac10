// A country that answers, without packets: given who is asked, how and when, says what becomes of the
// question. Deterministic: each host has one random stream for each protocol, seeded by the scenario, so
// the n-th question to a host meets the same luck whatever is asked of others in between. Reads no clock.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "daemon/simulate/random.hpp"
#include "daemon/simulate/scenario.hpp"
#include "daemon/simulate/timeline.hpp"

namespace blipd::simulate {

enum class Protocol : std::uint8_t {
  kIcmp,
  kTcp,      // a SYN
  kTcpData,  // what follows on an open connection
  kUdp,
};
inline constexpr std::size_t kProtocols = 4;
inline constexpr std::uint16_t kDnsPort = 53;

struct Question {
  base::Address to;
  Protocol protocol = Protocol::kIcmp;
  std::uint16_t port = 0;  // of TCP and UDP
};

// What becomes of a question; exactly one of these.
enum class Fate : std::uint8_t {
  kNobody,  // no network holds the address
  kAnswered,
  kCorrupted,    // answered, but broken on the way
  kUnreachable,  // an ICMP error
  kLost,         // by chance, or suppressed by a forger
  kCut,          // by the timeline
  kLimited,      // the host had no ICMP token left
  kSilent,       // nobody there, or a filtered port
};

enum class Reply : std::uint8_t { kNone, kEcho, kSynAck, kReset, kSegment, kDns, kNotice };

struct Decision {
  Fate fate = Fate::kNobody;
  Reply reply = Reply::kNone;  // what to send; kNone unless answered, corrupted or unreachable
  std::uint32_t host = 0;      // position in Country::hosts(); not of kNobody
  base::Duration delay{};      // from the question's arrival to the answer's
  std::uint8_t ttl = 0;
  bool is_late = false;
  bool is_reordered = false;
  std::optional<base::Duration> duplicate;  // delay of a second copy
  std::optional<base::Duration> differing;  // delay of a second answer that says something else
  Forgery forgery = Forgery::kNone;
  Reply forged_reply = Reply::kNone;  // what a forgery imitates, even where the true answer is suppressed
  base::Duration forgery_delay{};
  NoticeCode notice = NoticeCode::kHost;  // of Reply::kNotice
  base::Address notice_from;
  std::uint64_t noise = 0;  // for whoever carries this out: which bit to flip, which token to make up
};

class Country {
 public:
  // Somebody who was asked at least once, or is listed.
  struct Host {
    base::Address address;
    std::size_t network = 0;
    std::optional<std::size_t> target;  // none: an address that answers by default
  };

  // Beyond so many unlisted hosts, further ones share one state for each network, so that a sweep of an IPv6
  // prefix does not grow without bound.
  static constexpr std::size_t kMaxUnlistedHosts = 65536;

  Country(Scenario scenario, std::uint64_t seed);
  Country(const Country&) = delete;  // the timeline refers to the scenario
  Country& operator=(const Country&) = delete;

  const Scenario& scenario() const { return scenario_; }
  const std::vector<Host>& hosts() const { return hosts_; }

  // `now` counts from the scenario's start and does not fall.
  Decision decide(const Question& question, base::Duration now);

 private:
  struct Stream {
    Random random{0};
    bool is_lossy = false;
  };
  struct State {
    std::array<Stream, kProtocols> streams;
    double icmp_tokens = 0;
    base::Duration icmp_filled{};
  };

  std::optional<std::uint32_t> find(const base::Address& address);
  std::uint32_t add_host(const base::Address& address, std::size_t network, std::optional<std::size_t> target);
  bool is_lost(Stream& stream, const Behaviour& behaviour, double extra_loss) const;
  bool takes_icmp_token(State& state, const Behaviour& behaviour, base::Duration now) const;
  void answer(Decision& decision, Stream& stream, const Behaviour& behaviour, base::Duration extra_delay) const;
  base::Address notice_sender(const Unreachable& unreachable, const Host& host) const;

  Scenario scenario_;
  std::uint64_t seed_;
  Timeline timeline_;
  std::vector<Host> hosts_;
  std::vector<State> states_;  // by host
  std::unordered_map<base::Address, std::uint32_t> by_address_;
  std::vector<std::optional<std::uint32_t>> shared_hosts_;  // by network
  std::size_t unlisted_ = 0;
};

// One value of the distribution, never negative.
base::Duration sample(const Delay& delay, Random& random);

}  // namespace blipd::simulate
