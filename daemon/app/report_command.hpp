// blipd report: what happened, from the journal.
#pragma once

#include <string>

namespace blipd::app {

struct ReportOptions {
  std::string journal;
  std::string from;             // empty: thirty days before `to`, or the journal's beginning
  std::string to;               // empty: now, or the journal's end where that is earlier
  std::string format = "text";  // text, markdown, json, csv or html
};

int run_report(const ReportOptions& options);

}  // namespace blipd::app
