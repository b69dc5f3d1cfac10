// Where to listen, from the text of the configuration. Looks no name up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "probes/base/address.hpp"
#include "probes/base/error.hpp"

namespace blipd::serve {

struct ListenAddress {
  std::optional<base::Address> address;  // absent: every address of the machine
  std::uint16_t port = 0;                // 0: any free port
};

// 127.0.0.1:10547, [::1]:10547, localhost:10547, :10547.
base::Expected<ListenAddress> parse_listen(std::string_view text);

}  // namespace blipd::serve
