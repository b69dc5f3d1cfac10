#include "daemon/page/past.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace blipd::page {

namespace {

// A document is worth so much waiting.
constexpr base::Duration kPatience = std::chrono::seconds(5);
constexpr std::size_t kMostEvents = 20'000;

bool overlaps(const event::Event& event, const Range& range) {
  return event.start.earliest < range.to && (event.is_open() || event.end->latest >= range.from);
}

}  // namespace

Past::Past(const Live& live) : ended_(live.ended), open_(live.snapshot->open_events) {
  if (ended_) {
    for (const auto& event : *ended_) in_memory_.insert_or_assign(event->id, event.get());
  }
  for (const event::Event& event : open_) in_memory_.insert_or_assign(event.id, &event);
  run_ = Range{live.snapshot->started, live.snapshot->taken};
  if (!live.journal) {
    problem_ = "No journal is kept. What is shown is what is in memory: open events, and the last ones that ended.";
    return;
  }
  try {
    path_ = live.journal->path;
    reader_ = std::make_unique<journal::JournalReader>(path_);
    history_ = std::make_unique<journal::History>(path_);
    reader_->limit_time(kPatience);
    history_->limit_time(kPatience);
    if (!live.journal->is_writing) {
      problem_ =
          fmt::format("The journal is not being written ({}). What it lacks comes from memory.", live.journal->problem);
    }
  } catch (const journal::SqlFailure& failure) {
    give_up(failure);
  }
}

Past::Past(const std::string& journal)
    : path_(journal),
      reader_(std::make_unique<journal::JournalReader>(journal)),
      history_(std::make_unique<journal::History>(journal)) {}

void Past::give_up(const journal::SqlFailure& failure) {
  reader_.reset();
  history_.reset();
  problem_ = fmt::format(
      "The journal cannot be read ({}). What is shown is what is in memory: open events, and the last ones that ended.",
      failure.error().text);
}

template <class Ask>
auto Past::ask(Ask ask) {
  decltype(ask()) result;
  if (!reader_) return result;
  try {
    result = ask();
  } catch (const journal::SqlFailure& failure) {
    give_up(failure);
  }
  return result;
}

std::vector<event::Event> Past::events(const Range& range) {
  std::vector<event::Event> events = ask([&] { return reader_->events(range.from, range.to, kMostEvents); });
  std::map<std::string_view, const event::Event*> fresh;
  for (const auto& [id, event] : in_memory_) {
    if (overlaps(*event, range)) fresh.emplace(id, event);
  }
  for (event::Event& event : events) {
    const auto found = fresh.find(event.id);
    if (found == fresh.end()) continue;
    if (found->second->revision >= event.revision) event = *found->second;
    fresh.erase(found);
  }
  for (const auto& [id, event] : fresh) events.push_back(*event);
  std::ranges::sort(events, [](const event::Event& a, const event::Event& b) {
    return std::tie(a.start.latest, a.id) < std::tie(b.start.latest, b.id);
  });
  return events;
}

std::optional<event::Event> Past::event(const std::string& id) {
  std::optional<event::Event> event = ask([&] { return reader_->event(id); });
  const auto found = in_memory_.find(id);
  if (found != in_memory_.end() && (!event || found->second->revision >= event->revision)) event = *found->second;
  return event;
}

std::vector<journal::Watched> Past::watched(const Range& range) {
  std::vector<journal::Watched> watched = ask([&] { return reader_->watched(range.from, range.to); });
  if (run_) {
    const journal::Watched now{std::max(run_->from, range.from), std::min(run_->to, range.to)};
    if (now.until > now.from) watched.push_back(now);
  }
  // The journal tells of this run, too: no moment counts twice.
  std::ranges::sort(watched, {}, &journal::Watched::from);
  std::vector<journal::Watched> joined;
  for (const journal::Watched& next : watched) {
    if (!joined.empty() && next.from <= joined.back().until) {
      joined.back().until = std::max(joined.back().until, next.until);
    } else {
      joined.push_back(next);
    }
  }
  return joined;
}

std::vector<std::string> Past::places() {
  return ask([&] { return reader_->places(); });
}

std::vector<journal::StateBin> Past::states(const std::string& place, const journal::Bins& bins) {
  return ask([&] { return history_->states(place, bins); });
}

std::vector<journal::ChannelBin> Past::channel(const std::string& place, const journal::Bins& bins) {
  return ask([&] { return history_->channel(place, bins); });
}

}  // namespace blipd::page
