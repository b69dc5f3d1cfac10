#include "daemon/serve/router.hpp"

#include <fmt/format.h>

#include <array>

#include "daemon/page/assets.hpp"
#include "daemon/serve/document.hpp"
#include "daemon/serve/evidence_files.hpp"
#include "daemon/serve/metrics_body.hpp"
#include "daemon/serve/outages.hpp"
#include "daemon/serve/series.hpp"
#include "daemon/serve/status_json.hpp"
#include "daemon/serve/targets_json.hpp"

namespace blipd::serve {

namespace {

enum class Page : std::uint8_t {
  kDocument,  // of the page
  kAsset,     // what documents refer to
  kMetrics,
  kHealthy,
  kReady,
  kStatus,
  kTargets,
  kOutages,
  kSeries,
  kEvidence,      // the list of files
  kEvidenceFile,  // one of them
  kEvents,
  kReload,
  kNone
};

struct Path {
  std::string_view text;
  Page page;
};

constexpr std::array<Path, 10> kPaths = {{{"/metrics", Page::kMetrics},
                                          {"/-/healthy", Page::kHealthy},
                                          {"/-/ready", Page::kReady},
                                          {"/api/v1/status", Page::kStatus},
                                          {"/api/v1/targets", Page::kTargets},
                                          {"/api/v1/outages", Page::kOutages},
                                          {"/api/v1/series", Page::kSeries},
                                          {kEvidencePath, Page::kEvidence},
                                          {"/api/v1/events", Page::kEvents},
                                          {"/-/reload", Page::kReload}}};

// Of a target in absolute form, what it is in origin form.
std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t path = target.find('/', scheme.size());
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

std::string_view path_of(std::string_view target) {
  target = origin_form(target);
  return target.substr(0, target.find_first_of("?#"));
}

Page find_page(std::string_view target) {
  const std::string_view path_text = path_of(target);
  for (const Path& path : kPaths) {
    if (path.text == path_text) return path.page;
  }
  if (path_text.starts_with(kEvidencePrefix)) return Page::kEvidenceFile;
  if (page::is_page(path_text)) return Page::kDocument;
  return page::find_asset(path_text) != nullptr ? Page::kAsset : Page::kNone;
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

Reply asset_reply(const page::Asset& asset) {
  Reply reply;
  reply.content_type = asset.content_type;
  // Another content has another path.
  reply.cache_control = "public, max-age=31536000, immutable";
  // Weak (RFC 9110, 8.8.1): the same for what is compressed and what is not.
  reply.etag = fmt::format("W/\"{}\"", asset.path.substr(asset.path.rfind('/') + 1));
  reply.body = asset.plain;
  reply.compressed = asset.gzip;
  return reply;
}

}  // namespace

bool Router::needs_value(std::string_view method, std::string_view target) {
  if (!is_readable(method)) return false;
  const Page page = find_page(target);
  return page != Page::kNone && page != Page::kAsset && page != Page::kEvents && page != Page::kHealthy &&
         page != Page::kReload;
}

bool Router::needs_channels(std::string_view target) {
  const Page page = find_page(target);
  if (page == Page::kDocument) return page::needs_channels(path_of(target));
  return page == Page::kMetrics || page == Page::kStatus || page == Page::kTargets;
}

bool Router::needs_reading(std::string_view target) {
  const Page page = find_page(target);
  return page == Page::kOutages || page == Page::kSeries || page == Page::kDocument || page == Page::kEvidence ||
         page == Page::kEvidenceFile;
}

Reply Router::read(std::string_view target, const Published& value) {
  switch (find_page(target)) {
    case Page::kDocument:
      return document_reply(origin_form(target), value);
    case Page::kSeries:
      return series_reply(target, value);
    case Page::kEvidence:
      return evidence_list_reply(value);
    case Page::kEvidenceFile:
      return evidence_file_reply(path_of(target).substr(kEvidencePrefix.size()), value);
    default:
      return outages_reply(target, value);
  }
}

bool Router::is_stream(std::string_view method, std::string_view target) {
  return is_readable(method) && find_page(target) == Page::kEvents;
}

bool Router::is_reload(std::string_view method, std::string_view target) {
  return method == "POST" && find_page(target) == Page::kReload;
}

Reply Router::events_head() {
  Reply reply;
  reply.content_type = kEventsContentType;
  return reply;
}

Reply Router::answer(std::string_view method, std::string_view target, const std::shared_ptr<const Published>& value) {
  const Page page = find_page(target);
  if (page == Page::kNone) {
    return plain_reply(
        404,
        "not found; there is /, /metrics, /api/v1/status, /api/v1/targets, /api/v1/outages, /api/v1/series, "
        "/api/v1/evidence, /api/v1/events, /-/healthy and /-/ready");
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
  if (page == Page::kHealthy) return plain_reply(200, "healthy");
  if (page == Page::kAsset) return asset_reply(*page::find_asset(path_of(target)));
  if (page == Page::kEvents) return events_head();
  if (!value) return plain_reply(503, "nothing is known yet: the probing side has not answered");
  Reply reply;
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
    default:
      return read(target, *value);
  }
}

}  // namespace blipd::serve
