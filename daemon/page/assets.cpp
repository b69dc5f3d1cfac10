#include "daemon/page/assets.hpp"

#include <algorithm>

namespace blipd::page {

const Asset* find_asset(std::string_view path) {
  const auto found = std::ranges::find(assets(), path, &Asset::path);
  return found == assets().end() ? nullptr : &*found;
}

Assets asset_addresses() {
  Assets addresses;
  for (const Asset& asset : assets()) {
    (asset.content_type.starts_with("text/css") ? addresses.style : addresses.script) = asset.path;
  }
  return addresses;
}

}  // namespace blipd::page
