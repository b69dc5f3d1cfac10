// Text that others must be able to read.
#pragma once

#include <string>
#include <string_view>

namespace blipd::base {

// `text` with every byte that is not part of well-formed UTF-8 (RFC 3629) replaced by U+FFFD.
std::string replace_invalid_utf8(std::string_view text);

}  // namespace blipd::base
