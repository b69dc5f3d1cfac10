#include "daemon/serve/router.hpp"

#include <array>

#include "daemon/serve/index_page.hpp"
#include "daemon/serve/metrics_body.hpp"
#include "daemon/serve/outages.hpp"
#include "daemon/serve/series.hpp"
#include "daemon/serve/status_json.hpp"
#include "daemon/serve/targets_json.hpp"

namespace blipd::serve {

namespace {

enum class Page : std::uint8_t {
  kIndex,
  kStyle,
  kMetrics,
  kHealthy,
  kReady,
  kStatus,
  kTargets,
  kOutages,
  kSeries,
  kReload,
  kNone
};

struct Path {
  std::string_view text;
  Page page;
};

constexpr std::array<Path, 10> kPaths = {{{"/", Page::kIndex},
                                          {"/style.css", Page::kStyle},
                                          {"/metrics", Page::kMetrics},
                                          {"/-/healthy", Page::kHealthy},
                                          {"/-/ready", Page::kReady},
                                          {"/api/v1/status", Page::kStatus},
                                          {"/api/v1/targets", Page::kTargets},
                                          {"/api/v1/outages", Page::kOutages},
                                          {"/api/v1/series", Page::kSeries},
                                          {"/-/reload", Page::kReload}}};

Page find_page(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t path = target.find('/', scheme.size());
    target = path == std::string_view::npos ? "/" : target.substr(path);
    break;
  }
  target = target.substr(0, target.find_first_of("?#"));
  for (const Path& path : kPaths) {
    if (path.text == target) return path.page;
  }
  return Page::kNone;
}

bool is_readable(std::string_view method) { return method == "GET" || method == "HEAD"; }

Reply readiness(const Published& value) {
  if (!value.health.is_receiving()) {
    return plain_reply(503, "not ready: nothing receives answers yet");
  }
  if (!value.health.is_first_round_settled) {
    return plain_reply(503, "not ready: the first round of probes has not settled yet");
  }
  return plain_reply(200, "ready");
}

}  // namespace

bool Router::needs_value(std::string_view method, std::string_view target) {
  if (!is_readable(method)) return false;
  const Page page = find_page(target);
  return page != Page::kNone && page != Page::kStyle && page != Page::kHealthy && page != Page::kReload;
}

bool Router::needs_channels(std::string_view target) {
  const Page page = find_page(target);
  return page == Page::kMetrics || page == Page::kStatus || page == Page::kTargets;
}

bool Router::needs_reading(std::string_view target) {
  const Page page = find_page(target);
  return page == Page::kOutages || page == Page::kSeries;
}

Reply Router::read(std::string_view target, const Published& value) {
  return find_page(target) == Page::kSeries ? series_reply(target, value) : outages_reply(target, value);
}

bool Router::is_reload(std::string_view method, std::string_view target) {
  return method == "POST" && find_page(target) == Page::kReload;
}

Reply Router::answer(std::string_view method, std::string_view target, const std::shared_ptr<const Published>& value) {
  const Page page = find_page(target);
  if (page == Page::kNone) {
    return plain_reply(
        404,
        "not found; there is /, /metrics, /api/v1/status, /api/v1/targets, /api/v1/outages, /api/v1/series, /-/healthy "
        "and /-/ready");
  }
  if (page == Page::kReload) {
    Reply reply = plain_reply(405, "this loads the configuration anew, with POST");
    reply.allow = "POST";
    return reply;
  }
  if (!is_readable(method)) {
    Reply reply = plain_reply(405, "this can only be read, with GET or HEAD");
    reply.allow = "GET, HEAD";
    return reply;
  }
  Reply reply;
  if (page == Page::kHealthy) return plain_reply(200, "healthy");
  if (page == Page::kStyle) {
    reply.content_type = "text/css; charset=utf-8";
    reply.body = style_sheet();
    return reply;
  }
  if (!value) return plain_reply(503, "nothing is known yet: the probing side has not answered");
  switch (page) {
    case Page::kReady:
      return readiness(*value);
    case Page::kMetrics:
      if (!labels_ || labels_->shared_plan() != value->snapshot->plan) {
        labels_ = std::make_shared<const ChannelLabels>(value->snapshot->plan);
      }
      reply.content_type = kMetricsContentType;
      reply.stream = std::make_unique<MetricsBody>(*value, stats_, labels_);
      return reply;
    case Page::kStatus:
      reply.content_type = "application/json";
      reply.stream = std::make_unique<StatusBody>(value);
      return reply;
    case Page::kTargets:
      reply.content_type = "application/json";
      reply.stream = std::make_unique<TargetsBody>(value);
      return reply;
    case Page::kOutages:
    case Page::kSeries:
      return read(target, *value);
    default:
      reply.content_type = "text/html; charset=utf-8";
      reply.body = index_page(*value);
      return reply;
  }
}

}  // namespace blipd::serve
