// A journal written from virtual time: what `simulate` and `replay` found, in the file that a daemon would have kept.
// No thread and no queue, unlike journal::Journal: nothing waits here, so nothing may be given up.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/event/event.hpp"
#include "daemon/journal/store.hpp"
#include "daemon/pipeline/minutes.hpp"
#include "probes/base/error.hpp"

namespace blipd::app {

class JournalFile {
 public:
  // Makes the file, or adds to one that is there. An error says what to do.
  static base::Expected<std::unique_ptr<JournalFile>> open(const std::string& path, const std::string& vantage);

  // What was learned up to `now`. What is wrong is kept: see problem().
  void add(const std::vector<event::Event>& events, const std::vector<pipeline::Minutes>& minutes, base::WallTime now);
  void finish();

  const std::string& problem() const { return problem_; }

 private:
  JournalFile(journal::Store store, std::string vantage) : store_(std::move(store)), vantage_(std::move(vantage)) {}

  void give_up(const journal::SqlFailure& failure);

  journal::Store store_;
  std::string vantage_;
  bool is_watching_ = false;
  std::size_t written_ = 0;  // rows that are not committed yet; 0: no transaction is open
  std::string problem_;
};

}  // namespace blipd::app
