// A TLS client for the tests of the server: blocking, over the client that can misbehave.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/unit/certificates.hpp"
#include "tests/unit/serve/client.hpp"

namespace blipd::serve::sample {

struct TlsClientOptions {
  const blipd::certificates::Identity* authority = nullptr;  // whom it trusts; null: everybody
  const blipd::certificates::Identity* own = nullptr;        // what it shows
  int max_version = TLS1_3_VERSION;
  int min_version = TLS1_2_VERSION;
};

class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, const TlsClientOptions& options = {})
      : client_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), ssl_(nullptr, SSL_free) {
    SSL_CTX_set_min_proto_version(context_.get(), options.min_version);
    SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
    // Versions that are no longer safe can be asked for at this level only.
    if (options.min_version < TLS1_2_VERSION) SSL_CTX_set_security_level(context_.get(), 0);
    if (options.authority != nullptr) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), options.authority->certificate.get());
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    }
    if (options.own != nullptr) {
      SSL_CTX_use_certificate(context_.get(), options.own->certificate.get());
      SSL_CTX_use_PrivateKey(context_.get(), options.own->key.get());
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), client_.descriptor());
  }

  bool shake() { return SSL_connect(ssl_.get()) == 1; }
  bool send(std::string_view text) {
    return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) == static_cast<int>(text.size());
  }
  // Everything until the server says that it ends; throws when it just ends.
  std::string receive_all() {
    std::string all;
    char buffer[65536];
    for (;;) {
      const int n = SSL_read(ssl_.get(), buffer, sizeof(buffer));
      if (n > 0) {
        all.append(buffer, static_cast<std::size_t>(n));
        continue;
      }
      if (SSL_get_error(ssl_.get(), n) == SSL_ERROR_ZERO_RETURN) return all;
      throw std::runtime_error("cut short after: " + all);
    }
  }
  // What the server's alert says, or "" when there was none. In TLS 1.3 it comes after the client's handshake is over.
  std::string alert() {
    char byte = 0;
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_.get()) != 0) SSL_read(ssl_.get(), &byte, 1);
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason == nullptr ? "" : reason;
  }
  bool is_closed() { return client_.is_closed(); }
  X509* shown() { return SSL_get0_peer_certificate(ssl_.get()); }
  const char* version() { return SSL_get_version(ssl_.get()); }

 private:
  Client client_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

// One request on a connection of its own; the whole answer, or nothing when there was no handshake.
inline std::string tls_fetch(std::uint16_t port, const std::string& request, const TlsClientOptions& options = {}) {
  TlsClient client(port, options);
  if (!client.shake() || !client.send(request)) return "";
  return client.receive_all();
}

}  // namespace blipd::serve::sample
