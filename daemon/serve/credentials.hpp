// Names and passwords as clients send them (RFC 7617), and the check of one password by its bcrypt hash. Holds nothing
// and has no thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace blipd::serve {

struct Credentials {
  std::string user, password;
};

// The value of an Authorization field. Absent when it is of another scheme, or malformed.
std::optional<Credentials> parse_basic(std::string_view field);

// Takes as long as the hash's cost says: 50 ms of a core and more. As every bcrypt, it looks at the first 72 bytes.
// False, too, when the C library cannot compute it.
bool is_password_of(const std::string& password, const std::string& hash);

// A hash of that cost that belongs to no password: what a stranger's password is checked by, so that it takes as long.
std::string decoy_hash(int cost);

}  // namespace blipd::serve
