#include "daemon/event/json.hpp"

#include <nlohmann/json.hpp>

#include "daemon/event/evidence_json.hpp"
#include "daemon/event/json_values.hpp"
#include "probes/base/text.hpp"

namespace blipd::event {

namespace {

// Three digits behind the point, as the times have.
Json seconds(base::Duration duration) {
  return static_cast<double>(std::chrono::round<std::chrono::milliseconds>(duration).count()) / 1e3;
}

// Between the times as they are written, so that an event that was read is written as it was.
base::Duration written_duration(const Event& event) {
  const auto cut = [](base::WallTime& time) { time = std::chrono::floor<std::chrono::milliseconds>(time); };
  Event written;
  written.start = event.start;
  written.end = event.end;
  written.updated = event.updated;
  cut(written.start.earliest);
  cut(written.start.latest);
  cut(written.updated);
  if (written.end) {
    cut(written.end->earliest);
    cut(written.end->latest);
  }
  return written.duration();
}

base::Duration duration_of(const Json& json) { return base::from_seconds(json.get<double>()); }

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::optional<double> real_or_null(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return json.get<double>();
}

Json write(const Span& span) {
  return {{"earliest", base::format_time(span.earliest)}, {"latest", base::format_time(span.latest)}};
}

Span read_span(const Json& json) { return {time_of(json.at("earliest")), time_of(json.at("latest"))}; }

Json write(const Onset& onset) {
  Json order = Json::array();
  for (const Fall& fall : onset.order) {
    order.push_back({{"place", fall.place}, {"rank", fall.rank}, {"when", write(fall.when)}});
  }
  Json before = Json::array();
  for (const Before& stretch : onset.before) {
    before.push_back({{"seconds", seconds(stretch.length)},
                      {"flaps", stretch.flaps},
                      {"loss_ratio", or_null(stretch.loss_ratio)},
                      {"loss_slope_per_hour", or_null(stretch.loss_slope)},
                      {"rtt_ratio", or_null(stretch.rtt_ratio)},
                      {"late", stretch.late}});
  }
  Json notices = Json::array();
  for (const Notice& notice : onset.failures.notices) {
    notices.push_back(
        {{"type", notice.type}, {"code", notice.code}, {"sender", notice.sender}, {"count", notice.count}});
  }
  return {{"shape", name_of(kShapeNames, onset.shape)},
          {"fall_seconds", onset.fall ? seconds(*onset.fall) : Json(nullptr)},
          {"order", std::move(order)},
          {"before", std::move(before)},
          {"failures",
           {{"silent", onset.failures.silent},
            {"unreachable", onset.failures.unreachable},
            {"reset", onset.failures.reset},
            {"notices", std::move(notices)}}}};
}

Onset read_onset(const Json& json) {
  Onset onset;
  onset.shape = value_of<Shape>(kShapeNames, json.at("shape"));
  if (const Json& fall = json.at("fall_seconds"); !fall.is_null()) onset.fall = duration_of(fall);
  for (const Json& item : json.at("order")) {
    onset.order.push_back({item.at("place"), read_span(item.at("when")), item.at("rank")});
  }
  for (const Json& item : json.at("before")) {
    onset.before.push_back({duration_of(item.at("seconds")), item.at("flaps"), real_or_null(item.at("loss_ratio")),
                            real_or_null(item.at("loss_slope_per_hour")), real_or_null(item.at("rtt_ratio")),
                            item.at("late")});
  }
  const Json& failures = json.at("failures");
  onset.failures.silent = failures.at("silent");
  onset.failures.unreachable = failures.at("unreachable");
  onset.failures.reset = failures.at("reset");
  for (const Json& item : failures.at("notices")) {
    onset.failures.notices.push_back({item.at("type"), item.at("code"), item.at("sender"), item.at("count")});
  }
  return onset;
}

Event read(const Json& json) {
  Event event;
  event.id = json.at("id");
  event.incident = json.at("incident");
  event.scope = value_of<Scope>(kScopeNames, json.at("scope"));
  event.country = json.at("country");
  event.network = json.at("network");
  event.target = json.at("target");
  event.kind = value_of<Kind>(kKindNames, json.at("kind"));
  if (const Json& length = json.at("class"); !length.is_null()) event.length = value_of<Class>(kClassNames, length);
  event.start = read_span(json.at("start"));
  if (const Json& end = json.at("end"); !end.is_null()) event.end = read_span(end);
  event.declared = time_of(json.at("declared"));
  event.updated = time_of(json.at("updated"));
  event.reachable = {real_or_null(json.at("reachable").at("usual")), json.at("reachable").at("lowest")};
  event.onset = read_onset(json.at("onset"));
  event.flaps = json.at("flaps");
  event.during = json.at("during");
  event.path = json.at("path");
  event.needs_review = json.at("needs_review");
  event.vantage = json.at("vantage");
  event.revision = json.at("revision");
  if (json.contains("evidence")) event.evidence = evidence_from_json(json.at("evidence"));
  return event;
}

}  // namespace

std::string to_json(const Event& event) {
  Json json = {
      {"id", event.id},
      {"incident", event.incident},
      {"scope", name_of(kScopeNames, event.scope)},
      {"country", event.country},
      {"network", event.network},
      {"target", event.target},
      {"kind", name_of(kKindNames, event.kind)},
      {"class", event.length ? Json(name_of(kClassNames, *event.length)) : Json(nullptr)},
      {"start", write(event.start)},
      {"end", event.end ? write(*event.end) : Json(nullptr)},
      {"duration_seconds", seconds(written_duration(event))},
      {"declared", base::format_time(event.declared)},
      {"updated", base::format_time(event.updated)},
      {"reachable", {{"usual", or_null(event.reachable.usual)}, {"lowest", event.reachable.lowest}}},
      {"onset", write(event.onset)},
      {"flaps", event.flaps},
      {"during", event.during},
      {"path", event.path},
      {"needs_review", event.needs_review},
      {"vantage", event.vantage},
      {"revision", event.revision},
  };
  if (!event.evidence.is_empty()) json["evidence"] = evidence_to_json(event.evidence);
  // Names come from a configuration, which may hold anything.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

base::Expected<Event> from_json(std::string_view text) {
  try {
    return read(Json::parse(text));
  } catch (const std::exception& error) {
    return base::fail("is no event: {}", error.what());
  }
}

}  // namespace blipd::event
