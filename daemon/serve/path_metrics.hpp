// The metric families of traced paths.
#pragma once

#include "daemon/serve/families.hpp"
#include "daemon/serve/published.hpp"

namespace blipd::serve {

void add_paths(Families& out, const Published& published);

}  // namespace blipd::serve
