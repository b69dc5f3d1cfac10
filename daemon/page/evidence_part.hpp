// What an event has to show for itself: the paths at its start and at its end with those to controls beside them, what
// hosts said by each way of asking, and the files of packets. What was seen, never why.
#pragma once

#include <vector>

#include "daemon/event/event.hpp"
#include "daemon/page/html.hpp"

namespace blipd::page {

struct EvidenceStyle {
  unsigned heading = 2;   // level of its first heading, at most 4
  bool is_linked = true;  // files of packets lead to where the daemon serves them
  bool has_hops = true;   // else paths are told in a line each
};

// Empty where there is none.
Html evidence_part(const event::Evidence& evidence, const EvidenceStyle& style);

// A file, and what it is of: "start", or a link to its event.
struct FileRow {
  const event::PacketFile* file;
  Html of;
};
Html packets_table(const std::vector<FileRow>& rows, bool is_linked);

}  // namespace blipd::page
