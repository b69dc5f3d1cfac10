// What there is to show of a network or a host beside its events: its paths as they were last traced, and the files of
// packets that its latest events name.
#pragma once

#include <string_view>
#include <vector>

#include "daemon/event/event.hpp"
#include "daemon/page/html.hpp"
#include "daemon/page/page.hpp"

namespace blipd::page {

// Paths to a network's hosts, a line each. Empty where none is traced.
Html paths_of_network(const Live& live, std::string_view country, std::string_view network);

// Those to one host, hop by hop. Empty where none is traced.
Html paths_of_target(const Live& live, std::string_view country, std::string_view network, std::string_view target);

// Files of one network's packets, those of the latest events first, each once. Empty where there are none.
Html files_of_network(const std::vector<event::Event>& events, std::string_view country, std::string_view network);

}  // namespace blipd::page
