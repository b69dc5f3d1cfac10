// A journal that a simulation or a replay writes into: events, minutes, and when there was watching, at once and on the
// caller's thread. The first failure is kept, and ends it: what comes after is passed over.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/event/event.hpp"
#include "daemon/journal/store.hpp"
#include "daemon/pipeline/minutes.hpp"
#include "probes/base/time.hpp"

namespace blipd::app {

class JournalFile {
 public:
  // Opens or makes it; what is there stays.
  explicit JournalFile(std::string path);

  void write(const std::vector<event::Event>& events);
  // In the order of time. Minutes in which nothing was learned are of no watching when they are many.
  void write(pipeline::Minutes minutes);
  // The end. `from` to `until` is what was played, as `vantage` saw it.
  void finish(const std::string& vantage, base::WallTime from, base::WallTime until);

  // What went wrong and what to do about it; absent: nothing did.
  const std::optional<std::string>& problem() const { return problem_; }

 private:
  template <class Work>
  void attempt(const Work& work);
  void put(const pipeline::Minutes& minutes);
  void settle_silence(base::WallTime next);

  std::string path_;
  std::optional<journal::Store> store_;
  std::optional<std::string> problem_;
  std::vector<journal::Watched> watched_;
  std::vector<pipeline::Minutes> silent_;  // the last ones, as long as they are few
  std::size_t silence_ = 0;                // how many there were
  int uncommitted_ = 0;                    // minutes
};

}  // namespace blipd::app
