// The version that this program says it is: in --version, in blipd_build_info and in the API. The same as in
// CMakeLists.txt, which a test holds it to.
#pragma once

#include <string_view>

namespace blipd::serve {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace blipd::serve
