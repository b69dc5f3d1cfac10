// How much may be asked: one limit for all probes together and one for each IPv4 /24 and IPv6 /48, so that
// nobody is asked more than politeness allows, however many targets share a network. Each limit is a GCRA
// (ITU-T I.371): one time per bucket, no refilling. Pure: reads no clock. One that several threads take from has a
// lock, held for some tens of nanoseconds; the limits stay those of the whole process, exactly.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "config/model.hpp"
#include "probes/base/address.hpp"
#include "probes/base/time.hpp"

namespace blipd::engine {

// A limit of `rate` a second with a burst of a tenth of a second's worth, and at least kMinBurst.
class RateLimit {
 public:
  static constexpr double kMinBurst = 8;

  explicit RateLimit(double rate);  // 0: no limit

  bool allows(base::MonoTime now) const { return !is_limited() || next_ <= now + tolerance_; }
  // Whether after one more at least half of the burst is left for others.
  bool has_spare(base::MonoTime now) const { return !is_limited() || next_ + spacing_ <= now + tolerance_ / 2; }
  void spend(base::MonoTime now);

 private:
  bool is_limited() const { return spacing_.count() > 0; }

  base::Duration spacing_{};
  base::Duration tolerance_{};
  base::MonoTime next_{};  // theoretical arrival time
};

class Budget {
 public:
  enum class Taken : std::uint8_t { kByOneThread, kByMany };

  explicit Budget(const config::Budget& limits, Taken taken = Taken::kByOneThread);

  // The prefix that an address is budgeted under.
  static base::Prefix prefix_of(const base::Address& address);

  // Takes one probe toward `address` at `now` from both limits, or from neither. Threads' ideas of `now` may differ by
  // a little: a limit's own time never goes back.
  bool take(const base::Address& address, base::MonoTime now);

  // The same for what may wait: takes only of what leaves half of each limit's burst to probes.
  bool take_spare(const base::Address& address, base::MonoTime now);

  bool is_refused(const base::Address& address) const;  // on the do-not-probe list

 private:
  enum class Need : std::uint8_t { kFirst, kSpare };
  bool take(const base::Address& address, base::MonoTime now, Need need);
  bool take_unlocked(const base::Address& address, base::MonoTime now, Need need);

  config::Budget limits_;
  Taken taken_;
  std::mutex mutex_;  // of what follows, where many take
  RateLimit total_;
  std::unordered_map<base::Prefix, RateLimit> prefixes_;
};

}  // namespace blipd::engine
