#include "daemon/detect/ledger.hpp"

#include <algorithm>
#include <utility>

#include "probes/base/text.hpp"

namespace blipd::detect {

namespace {

// 20141222T161500Z
std::string stamp(base::WallTime time) {
  std::string text = base::format_time(std::chrono::floor<std::chrono::seconds>(time));
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text.substr(0, 15) + "Z";
}

}  // namespace

void Ledger::set_now(const base::Moment& now) {
  const base::Duration passed = now.mono - now_.mono;
  const base::Duration slept = std::max(base::Duration::zero(), (now.boot - now_.boot) - passed);
  const base::Duration step = (now.wall - now_.wall) - passed - slept;
  now_ = now;
  elapsed_ += passed + slept;
  // Less is slewing (adjtime(3): 500 ppm), or the time that reading clocks takes.
  const base::Duration slack = std::chrono::milliseconds(100) + passed / 1000;
  if (step <= slack && step >= -slack) return;
  const auto move = [step](event::Span& span) {
    span.earliest += step;
    span.latest += step;
  };
  for (auto& [id, entry] : entries_) {
    event::Event& event = entry.event;
    move(event.start);
    event.declared += step;
    event.updated += step;
    if (event.end) move(*event.end);
    for (event::Fall& fall : event.onset.order) move(fall.when);
    event.evidence.move(step);
    if (!event.is_open()) continue;
    ++event.revision;
    publish(entry);
  }
}

std::string Ledger::open(const Place& place, event::Kind kind, const MonoSpan& start) {
  forget_old();
  event::Event event;
  event.scope = place.scope;
  event.country = place.country;
  event.network = place.network;
  event.target = place.target;
  event.kind = kind;
  event.start = wall(start);
  event.declared = now_.wall;
  event.vantage = vantage_;
  std::string base = (place.country.empty() ? std::string("vantage") : place.country) + "-" + stamp(event.start.latest);
  const event::Event* const first = falls_.first_of(place, event.start.latest, kOneIncident);
  event.incident = first != nullptr ? first->incident : base;
  for (const std::string* part : {&place.network, &place.target}) {
    if (!part->empty()) base += "/" + *part;
  }
  base += std::string("/") + event::kKindNames[static_cast<std::size_t>(kind)];
  event.id = base;
  for (int n = 2; entries_.contains(event.id); ++n) event.id = base + "/" + std::to_string(n);
  event.revision = 0;
  const std::string id = event.id;
  Entry& entry = entries_[id];
  entry.event = std::move(event);
  open_.emplace(id, &entry);
  falls_.add(entry.event);
  return id;
}

void Ledger::revise(const std::string& id, const Edit& edit) {
  Entry& entry = entries_.at(id);
  edit(entry.event);
  entry.event.updated = std::max(entry.event.updated, now_.wall);
  ++entry.event.revision;
  publish(entry);
}

bool Ledger::attach(const std::string& id, event::Evidence more) {
  const auto found = entries_.find(id);
  // Revision 0: whoever opened it has not said yet what it is.
  if (found == entries_.end() || found->second.event.revision == 0) return false;
  if (!found->second.event.evidence.add(std::move(more))) return false;
  revise(id, [](event::Event&) {});
  return true;
}

void Ledger::publish(Entry& entry) {
  if (entry.change != 0) changed_.erase(entry.change);
  entry.change = ++changes_;
  changed_.emplace_hint(changed_.end(), entry.change, &entry);
  entry.shared.reset();
  told_open_.reset();
  if (entry.event.is_open()) {
    open_.emplace(entry.event.id, &entry);
  } else {
    open_.erase(entry.event.id);
  }
}

void Ledger::release(const std::string& id) { released_.push_back({elapsed_, id}); }

void Ledger::forget_old() {
  while (!released_.empty() && elapsed_ - released_.front().when > kOneIncident) {
    const auto found = entries_.find(released_.front().id);
    if (found != entries_.end()) {
      if (found->second.change != 0) return;  // still to be taken
      falls_.remove(found->second.event);
      open_.erase(found->first);
      entries_.erase(found);
    }
    released_.pop_front();
  }
}

std::vector<event::Event> Ledger::take() {
  std::vector<event::Event> changed;
  changed.reserve(changed_.size());
  for (const auto& [change, entry] : std::exchange(changed_, {})) {
    entry->change = 0;
    changed.push_back(entry->event);
  }
  return changed;
}

event::OpenEvents Ledger::open_events() {
  if (!told_open_) {
    std::vector<std::shared_ptr<const event::Event>> open;
    open.reserve(open_.size());
    for (const auto& [id, entry] : open_) {
      if (!entry->shared) entry->shared = std::make_shared<const event::Event>(entry->event);
      open.push_back(entry->shared);
    }
    told_open_.emplace(std::move(open));
  }
  return *told_open_;
}

void Ledger::adopt(const event::Event& event) {
  Entry& entry = entries_[event.id];
  falls_.remove(entry.event);
  entry.event = event;
  entry.shared.reset();
  told_open_.reset();
  falls_.add(entry.event);
  if (event.is_open()) open_.emplace(event.id, &entry);
}

}  // namespace blipd::detect
