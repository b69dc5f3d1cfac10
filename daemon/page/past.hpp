// What is known of earlier: the journal where it can be read, and what memory holds. Never throws for a journal that is
// off, locked or broken: it says so once, and gives what there is.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/event/open_events.hpp"
#include "daemon/journal/history.hpp"
#include "daemon/journal/store.hpp"
#include "daemon/page/axis.hpp"
#include "daemon/page/page.hpp"

namespace blipd::page {

class Past {
 public:
  // What the daemon knows; its journal is opened.
  explicit Past(const Live& live);
  // A journal alone, for reports. Throws SqlFailure.
  explicit Past(const std::string& journal);

  // Empty: all is well. Else why the journal is not read or not written, in a sentence.
  const std::string& problem() const { return problem_; }
  bool has_journal() const { return reader_ != nullptr; }

  // Events of journal and memory that overlap the range, by start, the latest revision of each.
  std::vector<event::Event> events(const Range& range);
  std::optional<event::Event> event(const std::string& id);
  std::vector<journal::Watched> watched(const Range& range);
  // As the journal's reader gives them.
  std::vector<std::string> places();
  // By place, as History names them. As many as bins, or none at all.
  std::vector<journal::StateBin> states(const std::string& place, const journal::Bins& bins);
  std::vector<journal::ChannelBin> channel(const std::string& place, const journal::Bins& bins);

 private:
  template <class Ask>
  auto ask(Ask ask);
  void give_up(const journal::SqlFailure& failure);

  std::string path_;
  std::string problem_;
  std::unique_ptr<journal::JournalReader> reader_;
  std::unique_ptr<journal::History> history_;
  // What memory holds, and by id.
  std::shared_ptr<const std::vector<std::shared_ptr<const event::Event>>> ended_;
  event::OpenEvents open_;
  std::map<std::string_view, const event::Event*> in_memory_;
  std::optional<Range> run_;  // of this daemon
};

}  // namespace blipd::page
