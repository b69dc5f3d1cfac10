// Adds results up minute by minute of wall time, for whoever keeps history. Owns the counts of the present minute and
// the few minutes that nobody has taken yet. Knows verdicts only as it is shown them. A minute that is over is closed
// over some calls of advance(), so many channels each: nobody's results have to wait for a hundred thousand rows.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "config/plan.hpp"
#include "daemon/detect/judge.hpp"
#include "daemon/pipeline/minutes.hpp"
#include "probes/base/prefetch.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::pipeline {

class MinuteBook {
 public:
  void adopt(std::shared_ptr<const config::Plan> plan);

  // After voiding: what the vantage point's fault took is aborted.
  void on_result(const probes::Result& result);
  void on_late(probes::ChannelIndex channel);
  void prefetch(probes::ChannelIndex channel) const { base::prefetch(channels_[channel]); }

  // Lets time pass: verdicts hold for the time since the last call. Begins to close the minute when it is over, and
  // goes on with it.
  void advance(const base::Moment& now, const detect::Judge& judge);

  std::vector<Minutes> take();
  // The last minute that was over is closed at once.
  void finish_closing() { go_on(channels_.size()); }

 private:
  static constexpr std::size_t kMostWaiting = 5;
  static constexpr base::Duration kPeriod = std::chrono::seconds(1);
  static constexpr std::size_t kChannelsAtOnce = 4096;

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

  Count& count_of(probes::ChannelIndex channel);
  void begin_close(base::WallTime next, const detect::Judge& judge);
  void close(probes::ChannelIndex channel);
  void go_on(std::size_t channels);

  std::shared_ptr<const config::Plan> plan_;
  std::vector<Count> channels_;
  std::vector<Share> networks_, countries_;
  std::optional<base::Moment> looked_;
  base::WallTime minute_{};
  std::uint32_t number_ = 0;        // of the present minute
  std::optional<Minutes> closing_;  // the minute before, while some of its channels are still counted here
  std::size_t closed_ = 0;          // so many channels are not
  std::vector<Minutes> waiting_;
};

}  // namespace blipd::pipeline
