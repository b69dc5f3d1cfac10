// The users of the web configuration file, each with the bcrypt hash of his password. No fault repeats any of a hash.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "config/names.hpp"
#include "config/reader.hpp"

namespace blipd::config {

// One check of a hash of this cost takes some four seconds of one core; each further step doubles it.
inline constexpr int kMaxBcryptCost = 16;

// Of the form $2b$10$ and 53 characters.
Problem hash_problem(std::string_view hash);
// Of a hash without a problem: how often it was stretched, as a power of two.
int bcrypt_cost(std::string_view hash);

// The keys of `basic_auth_users`.
std::map<std::string, std::string> read_users(const Reader& top);

}  // namespace blipd::config
