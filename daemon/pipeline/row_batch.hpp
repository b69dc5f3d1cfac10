// Some channels in a row as they are at one moment, copied but not yet looked at: the probing thread has time for no
// more, and whoever has makes rows of them. What viewing windows costs (most of a snapshot) is so paid elsewhere.
// Bounded, and used again and again, so that it soon asks for no memory any more.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "daemon/detect/judge.hpp"
#include "daemon/measure/channel.hpp"
#include "daemon/pipeline/channel_table.hpp"

namespace blipd::pipeline {

class RowBatch {
 public:
  static constexpr std::size_t kMostRows = 64;
  // A batch ends when it has got so large: channels that are asked often have long windows.
  static constexpr std::size_t kMostBytes = 128 * 1024;

  // Empties it. What is added is as of `now`.
  void start(const base::Moment& now);
  bool is_full() const { return size_ == kMostRows || bytes_ >= kMostBytes; }
  // `http` is null for a channel that does not ask by it.
  void add(const measure::Channel& channel, const detect::ChannelVerdict& verdict, std::shared_ptr<const HttpRow> http);
  // For an index without a channel.
  void add_nothing();
  std::size_t size() const { return size_; }

  // Appends them to `table`. On any thread, but on one at a time.
  void finish(ChannelTable& table);

 private:
  struct Copy {
    ChannelSums sums;
    measure::Windows windows;
  };

  Copy& next();

  base::Moment now_{};
  std::vector<Copy> copies_;  // the first size_ are in use
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace blipd::pipeline
