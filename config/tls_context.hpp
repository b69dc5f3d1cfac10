// The TLS side of a server as OpenSSL wants it, from files and settings. Owns which versions, ciphers and certificates
// are good enough; opens no connection. No error text holds any of a key.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "probes/base/error.hpp"
#include "probes/base/time.hpp"

struct ssl_ctx_st;

namespace blipd::config {

// As in Go's crypto/tls, whose words the web configuration file uses.
enum class ClientAuth : std::uint8_t { kNone, kRequest, kRequireAny, kVerifyIfGiven, kRequireAndVerify };

enum class TlsVersion : std::uint8_t { k12, k13 };

struct TlsSettings {
  std::string cert_file;       // PEM: the certificate, then what leads from it to an authority
  std::string key_file;        // PEM, without a passphrase
  std::string client_ca_file;  // PEM; empty: none
  ClientAuth client_auth = ClientAuth::kNone;
  TlsVersion min_version = TlsVersion::k12;
  TlsVersion max_version = TlsVersion::k13;
  std::vector<std::string> ciphers;         // of TLS 1.2, in OpenSSL's words, best first; empty: ours
  std::vector<std::string> ciphers_of_1_3;  // the same
  std::vector<std::string> groups;          // of the key exchange; empty: OpenSSL's
  bool prefers_own_order = true;            // of ciphers, over the client's
};

struct TlsContext {
  std::shared_ptr<ssl_ctx_st> context;
  base::WallTime certificate_begins{}, certificate_ends{};
};

struct TlsFault {
  std::string_view key;  // of tls_server_config, whose value is at fault
  std::string what;
};

tl::expected<TlsContext, TlsFault> make_tls_context(const TlsSettings& settings);

}  // namespace blipd::config
