// The way through time: links to earlier, later, wider and narrower ranges of the same view.
#pragma once

#include <string_view>

#include "daemon/page/views.hpp"

namespace blipd::page {

Html range_links(const Scene& scene, std::string_view path);

}  // namespace blipd::page
