#include "config/basic_auth.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace blipd::config {

namespace {

constexpr std::size_t kHashBytes = 60;
constexpr std::size_t kMaxUsers = 1000;
constexpr std::size_t kMaxNameBytes = 255;
// From here up a check takes half a second and more.
constexpr int kSlowCost = 13;

constexpr const char* kRemedy = "make one with htpasswd -nBC 10 NAME";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_bcrypt_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
}

// RFC 7617, 2: a name ends at the first colon, and neither part has control characters.
Problem user_problem(std::string_view name) {
  if (name.empty()) return "an empty name; give one";
  if (name.starts_with("$2")) return "a hash where a name belongs; write 'NAME: HASH'";
  if (name.size() > kMaxNameBytes) return fmt::format("a name of more than {} bytes; shorten it", kMaxNameBytes);
  const auto is_odd = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f || c == ':'; };
  if (std::ranges::any_of(name, is_odd)) return "a colon or a control character in a name; leave it out";
  return std::nullopt;
}

}  // namespace

int bcrypt_cost(std::string_view hash) { return (hash[4] - '0') * 10 + (hash[5] - '0'); }

Problem hash_problem(std::string_view hash) {
  const bool is_formed = hash.size() == kHashBytes && hash.starts_with("$2") &&
                         std::string_view("aby").find(hash[2]) != std::string_view::npos && hash[3] == '$' &&
                         is_digit(hash[4]) && is_digit(hash[5]) && hash[6] == '$' &&
                         std::ranges::all_of(hash.substr(7), is_bcrypt_character);
  if (!is_formed) return fmt::format("not a bcrypt hash ($2b$, cost and 53 characters); {}", kRemedy);
  const int cost = bcrypt_cost(hash);
  if (cost < 4) return fmt::format("a bcrypt cost below 4, which does not exist; {}", kRemedy);
  if (cost > kMaxBcryptCost) {
    return fmt::format("a bcrypt cost of {}: one check would take longer than anybody waits; {}", cost, kRemedy);
  }
  return std::nullopt;
}

std::map<std::string, std::string> read_users(const Reader& top) {
  std::map<std::string, std::string> users;
  const Node* node = top.map("basic_auth_users");
  if (!node) return users;
  const Path path = top.path().child("basic_auth_users");
  Faults& faults = top.faults();
  if (node->keys.empty()) {
    faults.fault(node->place, path, "nobody in it, which would let everybody in; add 'NAME: HASH', or leave it out");
  }
  if (node->keys.size() > kMaxUsers) {
    faults.fault(node->place, path, fmt::format("more than {} users; share some", kMaxUsers));
    return users;
  }
  for (std::size_t i = 0; i < node->keys.size(); ++i) {
    const Key& key = node->keys[i];
    if (auto problem = user_problem(key.text)) {
      faults.fault(key.place, path, std::move(*problem));
      continue;
    }
    const Path here = path.child(key.text);
    if (users.contains(key.text)) {
      faults.fault(key.place, here, "given twice; keep one");
      continue;
    }
    const auto hash = read_text(node->items[i], here, faults);
    if (!hash) continue;
    if (auto problem = hash_problem(*hash)) {
      faults.fault(node->items[i].place, here, std::move(*problem));
      continue;
    }
    if (bcrypt_cost(*hash) >= kSlowCost) {
      faults.warn(node->items[i].place, here,
                  fmt::format("a bcrypt cost of {}: each new connection waits half a second or more; 10 to 12 is usual",
                              bcrypt_cost(*hash)));
    }
    users.emplace(key.text, *hash);
  }
  return users;
}

}  // namespace blipd::config
