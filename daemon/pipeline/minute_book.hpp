// Adds results up minute by minute of wall time, for whoever keeps history. Owns the counts of the present minute and
// the few minutes that nobody has taken yet. Knows verdicts only as it is shown them. A minute that is over is closed
// over some calls of advance(), so much work each: nobody's results have to wait for a hundred thousand rows. The
// points of a minute's round trips are read from what measuring keeps of the last minute, so that nothing is kept
// twice.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "config/plan.hpp"
#include "daemon/detect/judge.hpp"
#include "daemon/measure/channel.hpp"
#include "daemon/pipeline/minutes.hpp"
#include "daemon/pipeline/rtt_pool.hpp"
#include "probes/base/prefetch.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::pipeline {

class MinuteBook {
 public:
  // `measured` is by ChannelIndex, and outlives this.
  explicit MinuteBook(const std::vector<measure::Channel>& measured) : measured_(measured) {}

  // With finish_closing() before it, and before `measured` changes.
  void adopt(std::shared_ptr<const config::Plan> plan);

  // Before measuring takes a result of this channel in, by which what is of the minute before may leave it.
  void expect(probes::ChannelIndex channel) { count_of(channel); }
  // After voiding: what the vantage point's fault took is aborted.
  void on_result(const probes::Result& result);
  void on_late(probes::ChannelIndex channel);
  void prefetch(probes::ChannelIndex channel) const { base::prefetch(channels_[channel]); }

  // Lets time pass: verdicts hold for the time since the last call. Begins to close the minute when it is over, and
  // goes on with it.
  void advance(const base::Moment& now, const detect::Judge& judge);

  std::vector<Minutes> take();
  // The last minute that was over is closed at once.
  void finish_closing() { go_on(kAllWork); }

 private:
  static constexpr std::size_t kMostWaiting = 5;
  static constexpr base::Duration kPeriod = std::chrono::seconds(1);
  // Closing is work, in round trips that are looked at; a channel and a verdict have a price each, beside those.
  static constexpr std::int64_t kWorkAtOnce = 1 << 15;
  static constexpr std::int64_t kAllWork = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t kChannelWork = 16;
  static constexpr std::int64_t kMedianWork = 1024;

  struct Count {
    std::uint32_t answered = 0, lost = 0, aborted = 0, late = 0;
    std::uint32_t rtts = 0;
    float least = 0, most = 0;
    std::uint32_t minute = 0;  // that all this is of, by number
    double sum = 0;
  };
  struct Share {
    base::Duration down{}, unknown{};
  };
  struct Sums {
    std::uint64_t answered = 0, lost = 0;
    RttPool rtts;

    MinuteSums take();
  };

  Count& count_of(probes::ChannelIndex channel);
  void begin_close(base::WallTime next, const detect::Judge& judge);
  void close(probes::ChannelIndex channel);
  void close(const Count& counted, probes::ChannelIndex channel);
  void gather_codes(probes::ChannelIndex channel, std::uint32_t round_trips);
  void go_on(std::int64_t work);

  const std::vector<measure::Channel>& measured_;
  std::shared_ptr<const config::Plan> plan_;
  std::vector<Count> channels_;
  std::vector<Share> networks_, countries_;
  std::optional<base::Moment> looked_;
  base::WallTime minute_{};
  std::uint32_t number_ = 0;        // of the present minute
  std::optional<Minutes> closing_;  // the minute before, while some of its channels are still counted here
  std::size_t closed_ = 0;          // so many channels are not
  std::size_t summed_ = 0;          // so many rows of its networks, then of its countries, have their sums
  std::vector<Sums> network_sums_, country_sums_;
  std::vector<measure::Sample> samples_;  // of the channel that is being closed
  std::vector<measure::RttCode> codes_;   // likewise, ascending
  std::vector<Minutes> waiting_;
};

}  // namespace blipd::pipeline
