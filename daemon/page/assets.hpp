// What documents refer to, built into the program: the style sheet and, unless it was built without, the script.
#pragma once

#include <span>
#include <string_view>

#include "daemon/page/page.hpp"

namespace blipd::page {

struct Asset {
  std::string_view path;  // with a digest of the content in it: whoever has it may keep it for ever
  std::string_view content_type;
  std::string_view plain;
  std::string_view gzip;  // the same, compressed (RFC 1952)
};

std::span<const Asset> assets();
// Null: there is none at that path.
const Asset* find_asset(std::string_view path);
// Where documents find them.
Assets asset_addresses();

}  // namespace blipd::page
