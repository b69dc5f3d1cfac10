#include "daemon/app/chronicler.hpp"

#include <fmt/format.h>

#include <utility>

#include "probes/base/text.hpp"

namespace blipd::app {

namespace {

using engine::Severity;

std::string span_text(const event::Span& span) {
  const std::string earliest = base::format_time(span.earliest);
  return span.earliest == span.latest ? earliest : earliest + "/" + base::format_time(span.latest);
}

}  // namespace

Chronicler::Chronicler(pipeline::Pipeline& pipeline, std::unique_ptr<journal::Journal> journal, Log& log)
    : pipeline_(pipeline), journal_(std::move(journal)), log_(log) {
  if (journal_) pipeline_.keep_minutes();
}

void Chronicler::recall() {
  if (!journal_) return;
  const auto memory = journal_->recall();
  if (!memory) return;
  if (const auto restored = pipeline_.restore(*memory); !restored) {
    log_.write(Severity::kWarning, "recall_failed", restored.error().text);
    return;
  }
  for (const event::Event& event : memory->open) open_.insert(event.id);
  log_.write(Severity::kInfo, "recalled", "",
             {{"saved", base::format_time(memory->saved)}, {"open_events", std::to_string(memory->open.size())}});
}

void Chronicler::tick(const base::Moment& now) {
  notice_gap(now);
  if (host_lines_since_ == base::MonoTime::min() || now.mono - host_lines_since_ >= kHostLinesPeriod) {
    tell_of_untold();
    host_lines_since_ = now.mono;
    host_lines_ = 0;
  }
  bool is_beat_changed = false;
  for (const event::Event& event : pipeline_.take_events()) {
    const bool is_begun = event.is_open() && open_.insert(event.id).second;
    if (!event.is_open()) open_.erase(event.id);
    tell(event, is_begun);
    is_beat_changed = is_beat_changed || (event.kind == event::Kind::kInstability && (is_begun || !event.is_open()));
    recent_.take(event);
    if (listener_) listener_(event);
    if (journal_) journal_->remember(event);
  }
  if (!journal_) return;
  for (pipeline::Minutes& minutes : pipeline_.take_minutes()) journal_->remember(std::move(minutes));
  if (alive_ == base::MonoTime::min() || now.mono - alive_ >= kAlivePeriod) {
    alive_ = now.mono;
    journal_->alive(now.wall);
  }
  remember(now, is_beat_changed);
}

// A machine that was suspended, a process that was stopped, a clock that was wrong: nobody watched in the time that the
// wall clock says went by.
void Chronicler::notice_gap(const base::Moment& now) {
  const base::WallTime last = std::exchange(last_tick_, now.wall);
  if (last == base::WallTime{} || now.wall - last < kGap) return;
  log_.write(Severity::kWarning, "not_watched", "the clock went on while this process did not, or was put forward",
             {{"from", base::format_time(last)}, {"to", base::format_time(now.wall)}});
  if (!journal_) return;
  journal_->alive(last);
  journal_->resume(now.wall);
}

void Chronicler::remember(const base::Moment& now, bool is_at_once) {
  if (!memory_due_) memory_due_ = now.mono + kFirstMemory;
  if (now.mono >= *memory_due_ || is_at_once) {
    memory_due_ = now.mono + kMemoryPeriod;
    pipeline_.begin_memory();
    is_remembering_ = true;
  }
  if (!is_remembering_ || pipeline_.step_memory(kChannelsAtOnce)) return;
  is_remembering_ = false;
  journal_->remember(pipeline_.finish_memory());
}

void Chronicler::finish(const base::Moment& now) {
  tell_of_untold();
  if (!journal_) return;
  pipeline_.advance(now);
  pipeline_.finish_minutes();
  tick(now);
  journal_->alive(now.wall);
  journal_->remember(pipeline_.memory());
  journal_.reset();
}

std::optional<journal::Health> Chronicler::health() const {
  if (!journal_) return std::nullopt;
  return journal_->health();
}

void Chronicler::set_retention(base::Duration retention) {
  if (journal_) journal_->set_retention(retention);
}

bool Chronicler::has_room_for(const event::Event& event) {
  if (event.scope != event::Scope::kTarget || host_lines_++ < kMostHostLines) return true;
  ++untold_;
  return false;
}

void Chronicler::tell_of_untold() {
  if (untold_ == 0) return;
  log_.write(Severity::kInfo, "events_untold",
             "more events of hosts began, ended or ask for review; /api/v1/outages has them",
             {{"count", std::to_string(std::exchange(untold_, 0))}});
}

// Revisions in between are in the journal; the log has what begins, what ends, and what asks for somebody.
void Chronicler::tell(const event::Event& event, bool is_begun) {
  if (!is_begun && event.is_open() && !event.needs_review) return;
  if (!has_room_for(event)) return;
  std::vector<Log::Field> fields = {
      {"id", event.id},
      {"incident", event.incident},
      {"scope", event::kScopeNames[static_cast<std::size_t>(event.scope)]},
      {"country", event.country},
      {"network", event.network},
      {"target", event.target},
      {"kind", event::kKindNames[static_cast<std::size_t>(event.kind)]},
      {"class", event.length ? event::kClassNames[static_cast<std::size_t>(*event.length)] : ""},
      {"start", span_text(event.start)}};
  if (event.end) {
    fields.emplace_back("end", span_text(*event.end));
    fields.emplace_back("duration_seconds", fmt::format("{:.3f}", base::to_seconds(event.duration())));
  }
  const char* const what = event.end ? "event_ended" : event.needs_review ? "event_needs_review" : "event_begun";
  const std::string text = !event.end && event.needs_review
                               ? "open for so long that it may be the new normal; nothing is learned meanwhile: fix or "
                                 "remove what is dead, or reload without it and with it again to begin anew"
                               : "";
  const bool is_grave = event.scope == event::Scope::kCountry || event.scope == event::Scope::kVantage;
  log_.write(is_begun && is_grave ? Severity::kWarning : Severity::kInfo, what, text, fields);
}

}  // namespace blipd::app
