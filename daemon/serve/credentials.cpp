#include "daemon/serve/credentials.hpp"

#include <crypt.h>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <memory>
#include <utility>

namespace blipd::serve {

namespace {

constexpr std::string_view kScheme = "basic";

// RFC 4648, 4; padding may be left out.
std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  std::uint32_t pending = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    pending = pending << 6U | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(pending >> static_cast<unsigned>(bits) & 0xFFU);
  }
  return bytes;
}

}  // namespace

std::optional<Credentials> parse_basic(std::string_view field) {
  const bool is_basic = field.size() > kScheme.size() && field[kScheme.size()] == ' ' &&
                        std::equal(kScheme.begin(), kScheme.end(), field.begin(),
                                   [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
  if (!is_basic) return std::nullopt;
  field.remove_prefix(kScheme.size());
  while (field.starts_with(' ')) field.remove_prefix(1);
  while (field.ends_with(' ')) field.remove_suffix(1);
  auto pair = decode_base64(field);
  if (!pair) return std::nullopt;
  const std::size_t colon = pair->find(':');
  // The C library's passwords end at a NUL: what comes behind it would not be looked at.
  if (colon == std::string::npos || pair->find('\0') != std::string::npos) return std::nullopt;
  std::string password = pair->substr(colon + 1);
  ::OPENSSL_cleanse(&(*pair)[colon], pair->size() - colon);
  pair->resize(colon);
  return Credentials{std::move(*pair), std::move(password)};
}

bool is_password_of(const std::string& password, const std::string& hash) {
  const auto work = std::make_unique<crypt_data>();  // 32 KiB
  const char* found = ::crypt_r(password.c_str(), hash.c_str(), work.get());
  // Failure is null or, with some versions, a text that begins with '*' and is no hash.
  const bool is_right = found != nullptr && std::string_view(found).size() == hash.size() &&
                        ::CRYPTO_memcmp(found, hash.data(), hash.size()) == 0;
  ::OPENSSL_cleanse(work.get(), sizeof(crypt_data));
  return is_right;
}

std::string decoy_hash(int cost) { return fmt::format("$2b${:02}${}", cost, std::string(53, '.')); }

}  // namespace blipd::serve
