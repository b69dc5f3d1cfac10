#include "daemon/app/report_command.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "daemon/app/app.hpp"
#include "daemon/journal/report.hpp"
#include "daemon/journal/store.hpp"
#include "daemon/page/assets.hpp"
#include "daemon/page/report_page.hpp"
#include "probes/base/text.hpp"

namespace blipd::app {

namespace {

constexpr base::Duration kUsualRange = std::chrono::hours(24 * 30);

// False, with a message, when the text is no time.
bool read_time(const char* option, const std::string& text, base::WallTime& time) {
  if (text.empty()) return true;
  const auto parsed = base::parse_time(text);
  if (!parsed) {
    fmt::print(stderr, "blipd report: {}: {}\n", option, parsed.error().text);
    return false;
  }
  time = *parsed;
  return true;
}

// As a Content-Security-Policy wants it.
std::string digest_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> base64;
  const int length = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
  return {base64.begin(), base64.begin() + length};
}

std::string html_report(const std::string& journal, base::WallTime from, base::WallTime to) {
  const page::Asset* const style = page::find_asset(page::asset_addresses().style);
  if (style == nullptr) return {};
  return page::report_document(journal, {from, to}, {style->plain, digest_of(style->plain)});
}

journal::ReportFormat format_of(std::string_view name) {
  if (name == "markdown") return journal::ReportFormat::kMarkdown;
  if (name == "json") return journal::ReportFormat::kJson;
  if (name == "csv") return journal::ReportFormat::kCsv;
  return journal::ReportFormat::kText;
}

}  // namespace

int run_report(const ReportOptions& options) {
  const base::WallTime now = base::SystemClock().read().wall;
  base::WallTime to = now;
  if (!read_time("--to", options.to, to)) return kExitUsage;
  base::WallTime from = to - kUsualRange;
  if (!read_time("--from", options.from, from)) return kExitUsage;
  if (from >= to) {
    fmt::print(stderr, "blipd report: --from is not before --to; exchange them\n");
    return kExitUsage;
  }
  std::error_code error;
  if (!std::filesystem::exists(options.journal, error)) {
    fmt::print(stderr, "blipd report: there is no journal {}; name the one of your configuration with --journal\n",
               options.journal);
    return kExitEnvironment;
  }
  try {
    journal::JournalReader reader(options.journal);
    const auto extent = reader.extent();
    if (extent && options.to.empty() && extent->until < to && extent->until > from) to = extent->until;
    if (extent && options.from.empty() && extent->from > from && extent->from < to) from = extent->from;
    if (options.format == "html") {
      fmt::print("{}", html_report(options.journal, from, to));
      return kExitFine;
    }
    const journal::Report report = journal::make_report(from, to, reader.events(from, to), reader.watched(from, to));
    fmt::print("{}", journal::format_report(report, format_of(options.format)));
  } catch (const journal::SqlFailure& failure) {
    fmt::print(stderr, "blipd report: cannot read {}: {}\n", options.journal, failure.error().text);
    return kExitEnvironment;
  }
  return kExitFine;
}

}  // namespace blipd::app
