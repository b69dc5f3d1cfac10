#include "daemon/serve/document.hpp"

#include <fmt/format.h>

#include <utility>

#include "daemon/page/assets.hpp"
#include "daemon/page/page.hpp"

namespace blipd::serve {

namespace {

std::vector<std::string> notices_of(const Published& value) {
  std::vector<std::string> notices;
  if (!value.health.is_receiving()) notices.emplace_back("Nothing receives answers: no verdict is to be expected.");
  if (!value.health.is_first_round_settled) {
    notices.emplace_back("The first round of probes has not settled yet: what is not known comes within moments.");
  }
  if (!value.reload.was_successful) {
    notices.emplace_back("The last load of the configuration failed: what was loaded before is in use.");
  }
  if (value.record && !value.record->is_writing) {
    notices.push_back(
        fmt::format("Results cannot be recorded at present; {} lines were given up.", value.record->dropped));
  }
  return notices;
}

}  // namespace

Reply document_reply(std::string_view target, const Published& value) {
  const page::Live live{value.snapshot, value.journal, value.ended, notices_of(value), value.paths};
  page::Document document = page::render(target, live, page::asset_addresses());
  Reply reply;
  reply.status = document.status;
  reply.content_type = "text/html; charset=utf-8";
  // A browser may show it again when somebody goes back, and asks anew otherwise.
  reply.cache_control = "no-cache";
  reply.is_compressible = true;
  reply.body = std::move(document.html);
  return reply;
}

}  // namespace blipd::serve
