// The files of packets beside events: their list as JSON, and each as it lies on disk. Reads the folder; for the
// reading thread. A name is one component that evidence::is_packet_file_name() knows, and what it names a file, no
// link.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/evidence/packet_file.hpp"
#include "daemon/serve/published.hpp"
#include "daemon/serve/reply.hpp"

namespace blipd::serve {

inline constexpr std::string_view kEvidencePath = "/api/v1/evidence";
inline constexpr std::string_view kEvidencePrefix = "/api/v1/evidence/";

// Those that may be handed out and counted: finished, plain files by the name of such. In no order.
std::vector<evidence::StoredFile> packet_files_in(const std::string& directory);

// Newest first. 404 where no packets are kept.
Reply evidence_list_reply(const Published& value);

// `name` is what follows kEvidencePrefix. The file is read piece by piece while it is sent.
Reply evidence_file_reply(std::string_view name, const Published& value);

}  // namespace blipd::serve
