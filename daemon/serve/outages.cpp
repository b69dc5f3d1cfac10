#include "daemon/serve/outages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "daemon/event/json.hpp"
#include "daemon/event/words.hpp"
#include "daemon/journal/store.hpp"
#include "daemon/serve/query.hpp"
#include "daemon/serve/text_body.hpp"
#include "probes/base/text.hpp"

namespace blipd::serve {

namespace {

constexpr base::Duration kUsualRange = std::chrono::hours(24 * 30);

using Rows = std::map<std::string, journal::EventRow>;  // by id

std::chrono::milliseconds milliseconds(base::WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
}

// As the journal finds them, which knows milliseconds.
bool overlaps(const event::Event& event, const TimeRange& range) {
  return milliseconds(event.start.earliest) < milliseconds(range.to) &&
         (event.is_open() || milliseconds(event.end->latest) >= milliseconds(range.from));
}

void add(Rows& rows, const event::Event& event) {
  const auto found = rows.find(event.id);
  if (found != rows.end() && found->second.revision >= event.revision) return;
  const base::WallTime start(milliseconds(event.start.earliest));
  rows.insert_or_assign(event.id, journal::EventRow{event.id, start, event.revision, event::to_json(event)});
}

struct Found {
  std::string source = "memory";
  std::string problem;
  Rows rows;
  std::optional<base::WallTime> cut;  // the start of the latest one that is left out
};

// The latest, as many as may find room: the JSON of all takes long to make where many hosts are down.
void add_from_memory(Found& found, const TimeRange& range, const Published& value, const OutageLimits& limits) {
  std::vector<const event::Event*> held;
  const auto hold = [&](const event::Event& event) {
    if (overlaps(event, range)) held.push_back(&event);
  };
  if (value.ended) {
    for (const auto& event : *value.ended) hold(*event);
  }
  for (const event::Event& event : value.snapshot->open_events) hold(event);
  const auto start_of = [](const event::Event& event) { return base::WallTime(milliseconds(event.start.earliest)); };
  if (held.size() > limits.events) {
    const auto first_out = held.begin() + static_cast<std::ptrdiff_t>(limits.events);
    std::ranges::nth_element(held, first_out, [&](const event::Event* a, const event::Event* b) {
      return std::make_pair(start_of(*b), std::string_view(b->id)) <
             std::make_pair(start_of(*a), std::string_view(a->id));
    });
    found.cut = std::max(found.cut.value_or(base::WallTime::min()), start_of(**first_out));
    held.erase(first_out, held.end());
  }
  for (const event::Event* event : held) add(found.rows, *event);
}

Found find(const TimeRange& range, const Published& value, const OutageLimits& limits) {
  constexpr const char* kFromMemory = "these are the events that are open, and the last ones to end since the start";
  Found found;
  if (!value.journal) {
    found.problem = fmt::format("no journal is kept; {}", kFromMemory);
  } else {
    try {
      journal::JournalReader reader(value.journal->path);
      reader.limit_time(limits.patience);
      journal::LatestEvents latest = reader.latest(range.from, range.to, limits.events, limits.bytes);
      for (journal::EventRow& row : latest.rows) found.rows.emplace(row.id, std::move(row));
      found.cut = latest.cut;
      found.source = "journal";
      if (!value.journal->is_writing) {
        found.problem = fmt::format("the journal is not being written ({}); what it lacks comes from memory",
                                    value.journal->problem);
      }
    } catch (const journal::SqlFailure& failure) {
      found.problem = fmt::format("the journal cannot be read ({}); {}", failure.error().text, kFromMemory);
    }
  }
  add_from_memory(found, range, value, limits);
  return found;
}

// By start, the latest that fit. Those that begin in the same millisecond as one that does not are left out with it, so
// that asking for what began before the first one given brings all the rest.
std::vector<journal::EventRow> fitting(Found& found, const OutageLimits& limits) {
  std::vector<journal::EventRow> rows;
  for (auto& [id, row] : found.rows) rows.push_back(std::move(row));
  std::ranges::sort(rows,
                    [](const auto& a, const auto& b) { return std::tie(b.start, b.id) < std::tie(a.start, a.id); });
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    bytes += rows[i].json.size();
    if (i < limits.events && (bytes <= limits.bytes || i == 0)) continue;
    found.cut = std::max(found.cut.value_or(base::WallTime::min()), rows[i].start);
    rows.resize(i);
  }
  if (found.cut && !rows.empty() && rows.front().start > *found.cut) {
    std::erase_if(rows, [&](const journal::EventRow& row) { return row.start <= *found.cut; });
  }
  std::ranges::reverse(rows);
  return rows;
}

Reply refusal(const std::string& text) {
  Reply reply;
  reply.status = 400;
  reply.content_type = "application/json";
  reply.body = fmt::format("{{\"error\":{}}}\n", event::json_text(text));
  return reply;
}

}  // namespace

base::Expected<TimeRange> read_range(std::string_view target, base::WallTime now) {
  const auto parameters = parse_query(target);
  if (!parameters) return tl::make_unexpected(parameters.error());
  RangeReader times;
  for (const Parameter& parameter : *parameters) {
    const auto is_time = times.take(parameter);
    if (!is_time) return tl::make_unexpected(is_time.error());
    if (!*is_time) return base::fail("there is no parameter '{}'; there are from and to", parameter.name.substr(0, 64));
  }
  return times.range(now, kUsualRange);
}

Reply outages_reply(std::string_view target, const Published& value, const OutageLimits& limits) {
  const auto range = read_range(target, value.snapshot->taken);
  if (!range) return refusal(range.error().text);
  Found found = find(*range, value, limits);
  const std::vector<journal::EventRow> rows = fitting(found, limits);
  const bool is_cut = found.cut.has_value() && !rows.empty();
  std::string text = fmt::format(
      "{{\"from\":\"{}\",\"to\":\"{}\",\"source\":\"{}\",\"problem\":{},\"next_to\":{},\"events\":[",
      base::format_time(range->from), base::format_time(range->to), found.source, event::json_text(found.problem),
      is_cut ? event::json_text(base::format_time(rows.front().start)) : "null");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) text += ',';
    text += '\n';
    text += rows[i].json;
  }
  text += "]}\n";
  Reply reply;
  reply.content_type = "application/json";
  reply.stream = std::make_unique<TextBody>(std::move(text));
  return reply;
}

}  // namespace blipd::serve
