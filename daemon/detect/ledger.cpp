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

bool is_within(const std::string& outer, const std::string& inner) { return outer.empty() || outer == inner; }

// One lies in the other.
bool are_kin(const Place& a, const event::Event& b) {
  if (a.country != b.country || a.scope == event::Scope::kVantage || b.scope == event::Scope::kVantage) return false;
  const bool holds = is_within(a.network, b.network) && is_within(a.target, b.target);
  const bool is_held = is_within(b.network, a.network) && is_within(b.target, a.target);
  return holds || is_held;
}

bool are_neighbours(const Place& a, const event::Event& b) {
  return a.scope == event::Scope::kNetwork && b.scope == event::Scope::kNetwork && a.country == b.country;
}

}  // namespace

void Ledger::set_now(const base::Moment& now) {
  const base::Duration passed = now.mono - now_.mono;
  const base::Duration slept = std::max(base::Duration::zero(), (now.boot - now_.boot) - passed);
  const base::Duration step = (now.wall - now_.wall) - passed - slept;
  now_ = now;
  // Less is slewing (adjtime(3): 500 ppm), or the time that reading clocks takes.
  const base::Duration slack = std::chrono::milliseconds(100) + passed / 1000;
  if (step <= slack && step >= -slack) return;
  const auto move = [step](event::Span& span) {
    span.earliest += step;
    span.latest += step;
  };
  for (auto& [id, event] : events_) {
    if (const auto released = released_.find(id); released != released_.end()) released->second += step;
    move(event.start);
    event.declared += step;
    event.updated += step;
    if (event.end) move(*event.end);
    for (event::Fall& fall : event.onset.order) move(fall.when);
    event.evidence.move(step);
    if (!event.is_open()) continue;
    ++event.revision;
    publish(event);
  }
}

std::string Ledger::incident_of(const Place& place, base::WallTime start) const {
  const event::Event* first = nullptr;
  for (const auto& [id, event] : events_) {
    const bool is_near = start - event.start.latest <= kOneIncident;
    const bool fits = are_kin(place, event) ? is_near || (event.scope == event::Scope::kCountry && event.is_open())
                                            : are_neighbours(place, event) && is_near && event.is_open();
    const bool is_fall = event.kind == event::Kind::kOutage || event.kind == event::Kind::kPartial;
    if (!fits || !is_fall) continue;
    if (first == nullptr || event.start.latest < first->start.latest) first = &event;
  }
  if (first != nullptr) return first->incident;
  return (place.country.empty() ? std::string("vantage") : place.country) + "-" + stamp(start);
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
  event.incident = incident_of(place, event.start.latest);
  std::string base = (place.country.empty() ? std::string("vantage") : place.country) + "-" + stamp(event.start.latest);
  for (const std::string* part : {&place.network, &place.target}) {
    if (!part->empty()) base += "/" + *part;
  }
  base += std::string("/") + event::kKindNames[static_cast<std::size_t>(kind)];
  event.id = base;
  for (int n = 2; events_.contains(event.id); ++n) event.id = base + "/" + std::to_string(n);
  event.revision = 0;
  const std::string id = event.id;
  events_.emplace(id, std::move(event));
  return id;
}

void Ledger::revise(const std::string& id, const Edit& edit) {
  event::Event& event = events_.at(id);
  edit(event);
  event.updated = std::max(event.updated, now_.wall);
  ++event.revision;
  publish(event);
}

bool Ledger::attach(const std::string& id, event::Evidence more) {
  const auto found = events_.find(id);
  // Revision 0: whoever opened it has not said yet what it is.
  if (found == events_.end() || found->second.revision == 0) return false;
  if (!found->second.evidence.add(std::move(more))) return false;
  revise(id, [](event::Event&) {});
  return true;
}

void Ledger::publish(const event::Event& event) {
  const auto before = std::ranges::find(changed_, event.id, &event::Event::id);
  if (before != changed_.end()) changed_.erase(before);
  changed_.push_back(event);
}

void Ledger::release(const std::string& id) { released_[id] = now_.wall; }

void Ledger::forget_old() {
  for (auto it = released_.begin(); it != released_.end();) {
    if (now_.wall - it->second > kOneIncident) {
      events_.erase(it->first);
      it = released_.erase(it);
    } else {
      ++it;
    }
  }
}

std::vector<event::Event> Ledger::take() { return std::exchange(changed_, {}); }

std::vector<event::Event> Ledger::open_events() const {
  std::vector<event::Event> open;
  for (const auto& [id, event] : events_) {
    if (event.is_open()) open.push_back(event);
  }
  return open;
}

void Ledger::adopt(const event::Event& event) { events_[event.id] = event; }

}  // namespace blipd::detect
