// What became of one probe: the one value that the live engine, a replay and a simulation all hand to
// the pipeline. Each probe ends in exactly one Result, of a closed set of outcomes. What else an answer
// shows (that it came late, twice, out of order, or is not to be believed) is a Remark beside it and
// never changes a Result that has been given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/address.hpp"
#include "probes/base/time.hpp"
#include "probes/http_facts.hpp"

namespace blipd::probes {

// Position of a channel (one target asked one way) in the plan. Stable while the channel is configured.
using ChannelIndex = std::uint32_t;

// Counts a channel's probes from 0; wraps after 2^32.
using Sequence = std::uint32_t;

enum class Outcome : std::uint8_t {
  kAnswered,     // within the timeout
  kLost,         // nothing within the timeout
  kUnreachable,  // an ICMP error that quotes our packet
  kAborted,      // never judged: see AbortReason
};

enum class AbortReason : std::uint8_t { kNone, kSendError, kUnresolved, kVantageFault, kClock, kOverrun };

enum class AnswerKind : std::uint8_t { kNone, kEchoReply, kSynAck, kReset, kConnected, kDnsMessage, kHttp };

// Where the two time stamps of a round trip came from, from best to worst.
enum class StampSource : std::uint8_t {
  kNone,
  kCapture,    // both from the capture ring
  kKernel,     // the kernel's own account of it (tcpi_rtt, SO_TIMESTAMPNS at both ends)
  kUserSpace,  // at least one was read by this program, before or after a system call
  kRecorded,   // from a file
};

// Whether the content of an answer met its expectations; says nothing about reachability.
enum class Service : std::uint8_t { kNotJudged, kAsExpected, kNotAsExpected };

// An ICMP or ICMPv6 error about our packet (RFC 792; RFC 4443, section 3).
struct IcmpNotice {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  base::Address sender;
};

struct Result {
  ChannelIndex channel = 0;
  Sequence sequence = 0;
  Outcome outcome = Outcome::kAborted;
  AbortReason abort_reason = AbortReason::kNone;  // of kAborted only
  AnswerKind answer = AnswerKind::kNone;          // of kAnswered only
  StampSource stamps = StampSource::kNone;
  Service service = Service::kNotJudged;
  std::uint8_t answer_ttl = 0;  // TTL or hop limit of the answer; 0: not seen
  // An aborted probe that had been on the wire was counted as sent; one that never was had not.
  bool was_sent = false;
  base::MonoTime sent{};              // when it was handed to the kernel, or would have been
  base::MonoTime settled{};           // when this result was decided; never before `sent`
  std::optional<base::Duration> rtt;  // of kAnswered; absent when its stamps were void
  std::optional<IcmpNotice> notice;   // of kUnreachable
};

enum class RemarkKind : std::uint8_t {
  kLate,       // the first answer to a probe already settled as lost
  kDuplicate,  // a further, equal answer to one probe
  kDiffering,  // a further answer to one probe that says something else
  kReordered,  // came after the answer to a later probe (RFC 4737)
  kMalformed,  // meant for the channel, but broken
  kForged,     // meant for the channel, but its token or source is not right
};

struct Remark {
  ChannelIndex channel = 0;
  Sequence sequence = 0;
  RemarkKind kind = RemarkKind::kLate;
  base::MonoTime at{};
  std::optional<base::Duration> rtt;  // of kLate, where both stamps are known
  base::MonoTime sent{};              // of kLate: when the probe was
  bool is_from_elsewhere = false;     // of kForged: our question's answer, but for its sender's address or port
};

// What a DNS answer said, for people to read.
struct DnsFacts {
  std::uint8_t rcode = 0;  // RFC 1035 and RFC 6895; the low four bits, without the EDNS extension
  bool authoritative = false;
  bool truncated = false;
  bool recursion_available = false;
  std::uint16_t answers = 0, authorities = 0, additionals = 0;
  std::optional<std::uint32_t> soa_serial;
  std::string nsid;                  // printable form, empty where there is none
  std::vector<std::string> records;  // the answer section in presentation form, at most 16
  std::string unmet;                 // the first expectation that was not met, empty when all were
};

// Facts beside a Result that only a person or a log wants. Absent for most results.
struct AnswerDetail {
  base::Address target;  // who was asked
  std::optional<DnsFacts> dns;
  // Of every answered probe that asks by HTTP, whatever its kind of answer.
  std::optional<HttpFacts> http{};
};

// Where results go. All calls come from one thread, in the order in which things were learned.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  // A probe is on the wire. Followed by exactly one on_result with the same channel and sequence.
  virtual void on_sent(ChannelIndex channel, base::MonoTime at) = 0;
  // `detail` lives only during the call and may be null.
  virtual void on_result(const Result& result, const AnswerDetail* detail) = 0;
  virtual void on_remark(const Remark& remark) = 0;
  // A call about this channel is likely to come within a microsecond or two: time enough to have its memory at hand. A
  // hint, given twice: from afar for what is found by its index, then nearer for what that points to.
  enum class Distance : std::uint8_t { kFar, kNear };
  virtual void prefetch(ChannelIndex, Distance) const {}
};

}  // namespace blipd::probes
