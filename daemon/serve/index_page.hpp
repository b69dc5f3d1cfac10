// The page at /: what the daemon believes at a glance, without a script.
#pragma once

#include <string>
#include <string_view>

#include "daemon/serve/published.hpp"

namespace blipd::serve {

// `published` has a snapshot. Everything from the configuration is escaped.
std::string index_page(const Published& published);

// Its style sheet; served from its own path, since the page's security policy allows no inline style.
std::string_view style_sheet();

// Text for HTML, in elements and quoted attributes alike.
std::string escape_html(std::string_view text);

}  // namespace blipd::serve
