// The page: HTML and SVG from what is known at the moment and from the journal. Readable with scripts off; scripts
// draw the charts of `data-series` figures anew, and keep `data-live` texts and the rest up to date. Pure but for
// reading the journal, which it opens anew for each document.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/event/event.hpp"
#include "daemon/evidence/path_rows.hpp"
#include "daemon/journal/journal.hpp"
#include "daemon/pipeline/snapshot.hpp"

namespace blipd::page {

// What the daemon knows at the moment.
struct Live {
  std::shared_ptr<const pipeline::Snapshot> snapshot;  // never null; with channels where needs_channels() says so
  std::optional<journal::Health> journal;              // absent: none is kept
  // Events that ended lately, oldest first; null: none has.
  std::shared_ptr<const std::vector<std::shared_ptr<const event::Event>>> ended;
  // What hampers the daemon itself beside the journal (recording, receiving, the first round), a sentence each.
  std::vector<std::string> notices;
  std::shared_ptr<const evidence::PathRows> paths = nullptr;  // null: none is traced
};

// Addresses of what a document refers to. An empty script: built without, all is told by tables and still pictures.
struct Assets {
  std::string style;
  std::string script;
};

struct Document {
  unsigned status = 200;  // or 400 (a parameter makes no sense), 404; the text says why
  std::string html;
};

// Whether a path is one of ours:
//   /                                                the overview
//   /country/CC                                      its time line, with ?from=&to=
//   /country/CC/network/NAME                         the same of a network
//   /country/CC/network/NAME/target/NAME             the same of a target
//   /event/ID
// Names are percent-encoded (RFC 3986). Without a time range it is the last 24 hours.
bool is_page(std::string_view path);
bool needs_channels(std::string_view path);

// `target` is the request target in origin form, query included.
Document render(std::string_view target, const Live& live, const Assets& assets);

}  // namespace blipd::page
