// What happened in a range of time as one document that needs nothing beside itself: for sending, keeping and printing.
// Made of the same parts as the page; no script.
#pragma once

#include <string>
#include <string_view>

#include "daemon/page/axis.hpp"

namespace blipd::page {

struct ReportStyle {
  std::string_view sheet;
  std::string digest;  // SHA-256 of the sheet, in Base64: the document allows this style and nothing else
};

// Throws SqlFailure where the journal cannot be read.
std::string report_document(const std::string& journal, const Range& range, const ReportStyle& style);

}  // namespace blipd::page
