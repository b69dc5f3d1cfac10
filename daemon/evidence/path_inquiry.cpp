#include "daemon/evidence/path_inquiry.hpp"

#include <algorithm>
#include <utility>

#include "daemon/evidence/path_loss.hpp"

namespace blipd::evidence {

namespace {

using config::TraceIndex;

bool is_fall(const event::Event& event) {
  const bool has_paths = event.scope == event::Scope::kNetwork || event.scope == event::Scope::kCountry;
  return has_paths && (event.kind == event::Kind::kOutage || event.kind == event::Kind::kPartial);
}

const char* method_of(const config::PlannedTrace& trace) {
  return probes::kTraceMethodNames[static_cast<std::size_t>(std::get<probes::TraceSpec>(trace.asks->ask).method)];
}

// The first trace of each target, target by target.
std::vector<TraceIndex> one_a_target(const std::vector<TraceIndex>& traces, const config::Plan& plan) {
  std::vector<TraceIndex> chosen;
  std::set<config::TargetIndex> seen;
  for (const TraceIndex trace : traces) {
    if (seen.insert(plan.traces[trace].target).second) chosen.push_back(trace);
  }
  return chosen;
}

}  // namespace

PathInquiry::PathInquiry(std::shared_ptr<const config::Plan> plan) { adopt(std::move(plan)); }

void PathInquiry::adopt(std::shared_ptr<const config::Plan> plan) {
  plan_ = std::move(plan);
  by_name_.clear();
  control_names_.clear();
  wishes_.clear();
  for (TraceIndex i = 0; i < plan_->traces.size(); ++i) {
    const config::PlannedTrace& trace = plan_->traces[i];
    const std::string name = plan_->trace_name(i);
    by_name_.emplace(name, i);
    if (plan_->is_vouching(trace.target)) control_names_.push_back(name);
  }
  book_.keep([this](const std::string& name) { return by_name_.contains(name); });
  for (Question& question : questions_) {
    std::erase_if(question.waiting, [this](const std::string& name) { return !by_name_.contains(name); });
  }
  rows_.assign(plan_->traces.size(), nullptr);
  for (TraceIndex i = 0; i < rows_.size(); ++i) refresh_row(i);
}

Destination PathInquiry::destination_of(TraceIndex index) const {
  const config::PlannedNetwork& network = plan_->networks[plan_->traces[index].network];
  Destination destination;
  destination.is_control = network.is_control();
  destination.shared = book_.hops_of(control_names_);
  if (destination.is_control) return destination;
  destination.upstream = as_number_in(network.upstream);
  for (const config::NetworkIndex n : plan_->countries[*network.country].networks) {
    if (const auto& asn = plan_->networks[n].asn) destination.country.insert(*asn);
  }
  return destination;
}

bool PathInquiry::on_path(const probes::TracedPath& path) {
  const auto found = by_name_.find(path.name);
  if (found == by_name_.end()) return false;
  const bool is_changed = book_.add(path);
  if (path.end == probes::PathEnd::kReached) {
    const event::PathSeen seen =
        seen_of(path, plan_->configuration.evidence.table.get(), destination_of(found->second));
    book_.set_upstream(path.name, seen.upstream);
  }
  for (Question& question : questions_) {
    // One that was under way already speaks of before.
    if (path.began_mono < question.asked || question.waiting.erase(path.name) == 0) continue;
    question.paths.emplace(path.name, path);
  }
  refresh_row(found->second);
  return is_changed;
}

void PathInquiry::on_event(const event::Event& event, base::MonoTime now) {
  if (!is_fall(event)) return;
  const bool is_known = open_.contains(event.id);
  if (event.is_open() == is_known) return;
  // Its befores stay until its end is answered; what is attached meanwhile brings out further revisions.
  const bool is_asked_of_end = std::ranges::any_of(questions_, [&](const Question& question) {
    return question.event_id == event.id && question.moment == event::Moment::kEnd;
  });
  if (is_asked_of_end) return;
  if (event.is_open()) {
    open_.emplace(event.id, Befores());
    ask(event, event::Moment::kStart, now);
  } else {
    ask(event, event::Moment::kEnd, now);
    const bool is_asked = !questions_.empty() && questions_.back().event_id == event.id;
    if (!is_asked) open_.erase(event.id);
  }
}

std::vector<TraceIndex> PathInquiry::traces_of(const event::Event& event) const {
  // Network by network, and of each the targets in their order.
  std::map<config::NetworkIndex, std::vector<TraceIndex>> networks;
  std::vector<TraceIndex> controls;
  for (TraceIndex i = 0; i < plan_->traces.size(); ++i) {
    const config::PlannedNetwork& network = plan_->networks[plan_->traces[i].network];
    if (network.is_control()) {
      if (plan_->is_vouching(plan_->traces[i].target)) controls.push_back(i);
    } else if (plan_->countries[*network.country].code == event.country &&
               (event.scope == event::Scope::kCountry || network.name == event.network)) {
      networks[plan_->traces[i].network].push_back(i);
    }
  }
  const std::size_t most = event.scope == event::Scope::kCountry ? kMostOfCountry : kMostOfNetwork;
  for (auto& [index, traces] : networks) traces = one_a_target(traces, *plan_);
  std::vector<TraceIndex> chosen;
  for (std::size_t round = 0, before = 0; chosen.size() < most; ++round, before = chosen.size()) {
    for (const auto& [index, traces] : networks) {
      if (round < traces.size() && chosen.size() < most) chosen.push_back(traces[round]);
    }
    if (chosen.size() == before) break;
  }
  if (chosen.empty()) return {};
  controls = one_a_target(controls, *plan_);
  controls.resize(std::min(controls.size(), kMostControls));
  chosen.insert(chosen.end(), controls.begin(), controls.end());
  return chosen;
}

void PathInquiry::ask(const event::Event& event, event::Moment moment, base::MonoTime now) {
  const std::vector<TraceIndex> traces = traces_of(event);
  if (traces.empty()) return;
  if (questions_.size() >= kMostAtOnce) {
    ++passed_over_;
    return;
  }
  Question question{event.id, moment, event.start.earliest, now, {}, {}, {}};
  Befores& befores = open_[event.id];
  for (const TraceIndex trace : traces) {
    const std::string name = plan_->trace_name(trace);
    question.names.push_back(name);
    question.waiting.insert(name);
    wishes_.insert(trace);
    const PathRecord* const record = book_.find(name);
    const probes::TracedPath* const before = record == nullptr ? nullptr : record->before(event.start.earliest);
    if (before != nullptr) befores.try_emplace(name, *before);  // that of the event's beginning stays
  }
  questions_.push_back(std::move(question));
}

std::vector<TraceIndex> PathInquiry::take_wishes() {
  const std::set<TraceIndex> wishes = std::exchange(wishes_, {});
  return {wishes.begin(), wishes.end()};
}

event::Evidence PathInquiry::answer(const Question& question) const {
  event::Evidence evidence;
  const config::AsTable* const table = plan_->configuration.evidence.table.get();
  const auto befores = open_.find(question.event_id);
  for (const std::string& name : question.names) {
    const auto path = question.paths.find(name);
    const auto trace = by_name_.find(name);
    if (path == question.paths.end() || trace == by_name_.end()) continue;
    const config::PlannedTrace& planned = plan_->traces[trace->second];
    const Destination destination = destination_of(trace->second);
    event::PathEvidence found;
    found.moment = question.moment;
    found.network = plan_->networks[planned.network].name;
    found.target = plan_->targets[planned.target].name;
    found.probe = planned.asks->name;
    found.method = method_of(planned);
    found.is_control = destination.is_control;
    found.now = seen_of(path->second, table, destination);
    if (befores != open_.end()) {
      const auto before = befores->second.find(name);
      // A name may have come to stand for another host.
      const bool is_same = before != befores->second.end() && before->second.target == path->second.target;
      if (is_same) found.before = seen_of(before->second, table, destination);
    }
    found.loss = find_loss(found.now, found.before);
    evidence.paths.push_back(std::move(found));
  }
  return evidence;
}

std::vector<PathInquiry::Finding> PathInquiry::take_findings(base::MonoTime now) {
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < questions_.size();) {
    const Question& question = questions_[i];
    if (!question.waiting.empty() && now - question.asked < kPatience) {
      ++i;
      continue;
    }
    Finding finding{question.event_id, answer(question)};
    if (!finding.evidence.is_empty()) findings.push_back(std::move(finding));
    if (question.moment == event::Moment::kEnd) open_.erase(question.event_id);
    questions_.erase(questions_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return findings;
}

void PathInquiry::refresh_row(TraceIndex index) {
  const config::PlannedTrace& trace = plan_->traces[index];
  auto row = std::make_shared<PathRow>();
  row->country = plan_->country_code(trace.network);
  row->network = plan_->networks[trace.network].name;
  row->target = plan_->targets[trace.target].name;
  row->probe = trace.asks->name;
  row->method = method_of(trace);
  if (const PathRecord* const record = book_.find(plan_->trace_name(index)); record != nullptr && record->latest) {
    row->is_reached = record->latest->end == probes::PathEnd::kReached;
    row->traced = record->latest->began;
    row->changes = record->changes;
    row->upstreams.assign(record->upstreams.begin(), record->upstreams.end());
    row->upstream = record->upstream;
    if (record->whole[0]) row->hops = record->whole[0]->hops.back().distance;
    const config::AsTable* const table = plan_->configuration.evidence.table.get();
    const Destination destination = destination_of(index);
    row->now = seen_of(*record->latest, table, destination);
    const bool is_whole = row->is_reached.value_or(false);
    // A name may have come to stand for another host.
    if (!is_whole && record->whole[0] && record->whole[0]->target == record->latest->target) {
      row->whole = seen_of(*record->whole[0], table, destination);
    }
    row->loss = find_loss(*row->now, row->whole);
  }
  rows_[index] = std::move(row);
  shown_.reset();
}

std::shared_ptr<const PathRows> PathInquiry::rows() {
  if (!shown_) shown_ = std::make_shared<const PathRows>(rows_);
  return shown_;
}

}  // namespace blipd::evidence
