// blipd report: what happened, from the journal.
#pragma once

#include <string>

#include "daemon/journal/report.hpp"

namespace blipd::app {

struct ReportOptions {
  std::string journal;
  std::string from;  // empty: thirty days before `to`, or the journal's beginning
  std::string to;    // empty: now, or the journal's end where that is earlier
  journal::ReportFormat format = journal::ReportFormat::kText;
};

int run_report(const ReportOptions& options);

}  // namespace blipd::app
