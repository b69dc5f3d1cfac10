#include "daemon/serve/http_metrics.hpp"

#include <array>
#include <iterator>
#include <limits>
#include <string_view>
#include <variant>

#include "daemon/serve/series_writer.hpp"

namespace blipd::serve {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::string_view kPlain = "} ";

struct Row {
  SeriesWriter& out;
  std::string_view name;    // of the family, with a brace
  std::string_view labels;  // without braces
  const probes::HttpSpec& spec;
  const pipeline::HttpRow& http;

  void put(std::string_view tail, const std::optional<base::Duration>& value) const {
    if (value) {
      out.line(name, labels, tail, *value);
    } else {
      out.line(name, labels, tail, kNan);
    }
  }
};

struct Family {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  void (*write)(const Row& row);
};

void put_status(const Row& row) {
  row.out.line(row.name, row.labels, kPlain, std::uint64_t{row.http.last ? row.http.last->status : std::uint16_t{0}});
}

void put_phases(const Row& row) {
  constexpr std::array<std::string_view, probes::kHttpPhases> kTails = {
      R"(,phase="connect"} )", R"(,phase="tls"} )", R"(,phase="first_byte"} )", R"(,phase="body"} )"};
  for (std::size_t i = 0; i < kTails.size(); ++i) {
    row.put(kTails[i], row.http.last ? row.http.last->phases[i] : std::nullopt);
  }
}

void put_whole(const Row& row) { row.put(kPlain, row.http.last ? row.http.last->whole : std::nullopt); }

void put_body(const Row& row) {
  row.out.line(row.name, row.labels, kPlain, row.http.last ? row.http.last->body_bytes : std::uint64_t{0});
}

void put_ends(const Row& row) {
  constexpr std::array<std::string_view, probes::kHttpEnds> kTails = {
      R"(,end="whole"} )",  R"(,end="refused"} )", R"(,end="reset"} )",     R"(,end="closed"} )",
      R"(,end="silent"} )", R"(,end="tls"} )",     R"(,end="malformed"} )", R"(,end="overrun"} )"};
  for (std::size_t i = 0; i < kTails.size(); ++i) row.out.line(row.name, row.labels, kTails[i], row.http.ends[i]);
}

// A redirect may lead to TLS.
bool may_see_certificates(const probes::HttpSpec& spec) { return spec.tls || spec.redirects > 0; }

void put_expiry(const Row& row) {
  if (!may_see_certificates(row.spec)) return;
  const auto ends = row.http.certificate_ends;
  row.out.line(row.name, row.labels, kPlain, ends ? base::to_unix_seconds(*ends) : kNan);
}

void put_valid(const Row& row) {
  if (!may_see_certificates(row.spec)) return;
  const bool is_seen = row.http.last && row.http.last->certificate;
  row.out.line(row.name, row.labels, kPlain, is_seen ? (row.http.last->certificate->fault.empty() ? 1.0 : 0.0) : kNan);
}

constexpr Family kFamilies[] = {
    {"blipd_probe_http_status_code", "gauge", "Status of the last probe; 0 when it got none.", put_status},
    {"blipd_probe_http_phase_seconds", "gauge", "How long each phase of the last probe took; NaN where it did not end.",
     put_phases},
    {"blipd_probe_http_whole_seconds", "gauge",
     "From the first packet of the last probe to the end of a whole answer; NaN when it got none.", put_whole},
    {"blipd_probe_http_body_bytes", "gauge", "How much of a body the last probe read.", put_body},
    {"blipd_probe_http_ends_total", "counter", "Answered probes by how their exchange ended.", put_ends},
    {"blipd_probe_certificate_expiry_timestamp_seconds", "gauge",
     "When the certificate that the target last showed ends; NaN before any.", put_expiry},
    {"blipd_probe_certificate_valid", "gauge",
     "1 when chain and name of the certificate hold, 0 when not; NaN when the last probe saw none.", put_valid},
};
constexpr std::size_t kFamilyCount = std::size(kFamilies);

}  // namespace

bool HttpMetrics::next(std::string& piece) {
  const auto& rows = snapshot_->channels.http();
  const bool is_over = rows.empty() || family_ == kFamilyCount;
  SeriesWriter out(piece, is_over ? 0 : kMaxPieceBytes);
  for (; !is_over && family_ < kFamilyCount && out.size() < kPieceBytes;) {
    const Family& family = kFamilies[family_];
    if (row_ == 0) {
      for (const std::string_view part :
           {std::string_view("# HELP "), family.name, std::string_view(" "), family.help, std::string_view("\n# TYPE "),
            family.name, std::string_view(" "), family.type, std::string_view("\n")}) {
        out.text(part);
      }
    }
    const std::string name = std::string(family.name) + '{';
    for (; row_ < rows.size() && out.size() < kPieceBytes; ++row_) {
      std::string labels;
      labels_->append_channel(labels, rows[row_].index);
      if (labels.empty()) continue;  // nobody has this index
      const auto& ask = labels_->plan().channels[rows[row_].index].spec().ask;
      if (const auto* const spec = std::get_if<probes::HttpSpec>(&ask)) {
        family.write({out, name, labels, *spec, *rows[row_].row});
      }
    }
    if (row_ < rows.size()) break;
    ++family_;
    row_ = 0;
  }
  out.finish();
  return !piece.empty();
}

}  // namespace blipd::serve
