// How the engine's loop talks to what sends and receives. The loop decides when and whom to ask; a
// transport puts the question on the wire and hands back whatever it learns. All on the probing thread.
#pragma once

#include <cstdint>
#include <optional>

#include "probes/base/address.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"
#include "probes/spec.hpp"

namespace blipd::engine {

// One question to put on the wire.
struct Ask {
  probes::ChannelIndex channel = 0;
  probes::Sequence sequence = 0;
  base::Address target;
  const probes::ProbeSpec* spec = nullptr;  // outlives the transport's interest in it only until ask() returns
};

// A wall-clock stamp of the kernel's or our own. Only ever subtracted from another one.
struct Stamp {
  base::WallTime at{};
  probes::StampSource source = probes::StampSource::kNone;
};

// What a transport learned about a question. The loop checks that the probe is still under way.
struct Learned {
  enum class Kind : std::uint8_t {
    kRequestSeen,    // our request left, at `stamp`
    kAnswer,         // a believed answer arrived, at `stamp`
    kUnreachable,    // an ICMP error about it, or the kernel's word that there is no way (EHOSTUNREACH from afar)
    kFailedLocally,  // it was asked, but our own side then failed (a reset of our own link): aborted, never lost
    kMalformed,
    kForged,
  };
  Kind kind = Kind::kAnswer;
  probes::ChannelIndex channel = 0;
  probes::Sequence sequence = 0;
  base::Address from;
  Stamp stamp;
  probes::AnswerKind answer = probes::AnswerKind::kNone;
  // A round trip that the kernel measured itself (tcpi_rtt); takes the place of two stamps.
  std::optional<base::Duration> kernel_rtt;
  std::uint8_t ttl = 0;
  std::uint32_t interface = 0;  // index of the one that the packet was captured on; 0: not known
  std::uint64_t content = 0;    // a digest of what the answer says: two different ones to one question differ
  probes::Service service = probes::Service::kNotJudged;
  bool is_from_elsewhere = false;  // of kForged: all is right but who sent it
  std::optional<probes::IcmpNotice> notice;
  const probes::AnswerDetail* detail = nullptr;  // lives only during the call
};

// The loop's side.
class Inbox {
 public:
  virtual ~Inbox() = default;
  virtual void learned(const Learned& learned) = 0;
  // Packets that belong to no channel, for the counters.
  virtual void unmatched(Learned::Kind kind) = 0;
};

enum class AskStatus : std::uint8_t {
  kSent,    // accepted; the loop counts the probe as sent
  kFailed,  // could not be sent (ENOBUFS, EPERM, no route, no descriptor): aborted as send_error
};

// A transport that sends at once, through a kernel socket. (Raw packets go out in batches and have an
// interface of their own.)
class Transport {
 public:
  virtual ~Transport() = default;
  virtual AskStatus ask(const Ask& ask, const base::Moment& now) = 0;
  // Once a tick: read what has arrived.
  virtual void poll(const base::Moment& now) = 0;
  // The probe is over for good (answered, or its late window has passed): forget it.
  virtual void forget(probes::ChannelIndex channel, probes::Sequence sequence) = 0;
};

}  // namespace blipd::engine
