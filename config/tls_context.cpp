#include "config/tls_context.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <time.h>

#include <array>
#include <cstring>

#include "config/file.hpp"

namespace blipd::config {

namespace {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

// ECDHE with authenticated encryption, the only kinds of TLS 1.2 that RFC 9325 (4.2) recommends.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
// Of TLS 1.3, the quickest first: the shorter key is no weaker in practice, and a long answer is mostly encryption.
constexpr const char* kCiphersOf13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr std::size_t kMaxCertificates = 1000;

using Outcome = tl::expected<void, TlsFault>;

tl::unexpected<TlsFault> fault(std::string_view key, std::string what) {
  return tl::unexpected(TlsFault{key, std::move(what)});
}

// OpenSSL's own reason. It may name an algorithm, never a value.
std::string reason() {
  const unsigned long code = ::ERR_peek_last_error();
  ::ERR_clear_error();
  const char* text = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  return text == nullptr ? "for no reason that OpenSSL tells" : text;
}

tl::expected<Bio, TlsFault> open_pem(std::string_view key, const std::string& path) {
  const auto text = read_small_file(path);
  if (!text) return fault(key, fmt::format("{}: {}", path, text.error().text));
  Bio bio(::BIO_new(::BIO_s_mem()));
  if (!bio || ::BIO_write(bio.get(), text->data(), static_cast<int>(text->size())) != static_cast<int>(text->size())) {
    return fault(key, fmt::format("{}: no memory to read it; is the machine out of it?", path));
  }
  return bio;
}

tl::expected<std::vector<Certificate>, TlsFault> read_certificates(std::string_view key, const std::string& path) {
  auto bio = open_pem(key, path);
  if (!bio) return tl::unexpected(bio.error());
  std::vector<Certificate> all;
  ::ERR_clear_error();
  while (all.size() < kMaxCertificates) {
    Certificate one(::PEM_read_bio_X509(bio->get(), nullptr, nullptr, nullptr));
    if (!one) break;
    all.push_back(std::move(one));
  }
  const bool is_at_end = ERR_GET_REASON(::ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (all.empty() && is_at_end) {
    ::ERR_clear_error();
    return fault(key,
                 fmt::format("{}: no certificate in it; give one in PEM form, '-----BEGIN CERTIFICATE-----'", path));
  }
  if (!is_at_end) {
    return fault(
        key, fmt::format("{}: certificate {} cannot be read: {}; is the file whole?", path, all.size() + 1, reason()));
  }
  ::ERR_clear_error();
  return all;
}

// In place of a prompt on the terminal: a daemon has nobody to ask.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*is_for_writing*/, void* was_asked) {
  *static_cast<bool*>(was_asked) = true;
  return -1;
}

tl::expected<PrivateKey, TlsFault> read_key(const std::string& path) {
  auto bio = open_pem("key_file", path);
  if (!bio) return tl::unexpected(bio.error());
  bool was_asked = false;
  ::ERR_clear_error();
  PrivateKey key(::PEM_read_bio_PrivateKey(bio->get(), nullptr, no_passphrase, &was_asked));
  ::ERR_clear_error();
  if (key) return key;
  if (was_asked) {
    return fault("key_file", fmt::format("{}: the key has a passphrase, which nobody is there to type; "
                                         "store it without one, readable by blipd alone",
                                         path));
  }
  return fault("key_file",
               fmt::format("{}: no private key in it; give one in PEM form, '-----BEGIN PRIVATE KEY-----'", path));
}

base::WallTime time_of(const ASN1_TIME* time) {
  tm utc{};
  if (::ASN1_TIME_to_tm(time, &utc) != 1) return {};
  return base::WallTime(std::chrono::seconds(::timegm(&utc)));
}

Outcome use_certificates(SSL_CTX& context, const TlsSettings& settings, TlsContext& made) {
  auto chain = read_certificates("cert_file", settings.cert_file);
  if (!chain) return tl::unexpected(chain.error());
  X509* const own = chain->front().get();
  if (::SSL_CTX_use_certificate(&context, own) != 1) {
    return fault("cert_file", fmt::format("{}: OpenSSL refuses the certificate: {}; make a stronger one",
                                          settings.cert_file, reason()));
  }
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(&context, (*chain)[i].get()) != 1) {
      return fault("cert_file", fmt::format("{}: OpenSSL refuses certificate {}: {}; make a stronger one",
                                            settings.cert_file, i + 1, reason()));
    }
  }
  made.certificate_begins = time_of(::X509_get0_notBefore(own));
  made.certificate_ends = time_of(::X509_get0_notAfter(own));
  const auto key = read_key(settings.key_file);
  if (!key) return tl::unexpected(key.error());
  if (::X509_check_private_key(own, key->get()) != 1) {
    ::ERR_clear_error();
    return fault("key_file", fmt::format("{}: not the key of the certificate in {}; give the two that belong together",
                                         settings.key_file, settings.cert_file));
  }
  if (::SSL_CTX_use_PrivateKey(&context, key->get()) != 1) {
    return fault("key_file",
                 fmt::format("{}: OpenSSL refuses the key: {}; make a stronger one", settings.key_file, reason()));
  }
  return {};
}

// Whoever shows some certificate, as the words RequestClientCert and RequireAnyClientCert have it.
int any_certificate(X509_STORE_CTX* /*store*/, void* /*unused*/) { return 1; }

Outcome use_client_auth(SSL_CTX& context, const TlsSettings& settings) {
  const bool is_demanded =
      settings.client_auth == ClientAuth::kRequireAny || settings.client_auth == ClientAuth::kRequireAndVerify;
  const bool is_verified =
      settings.client_auth == ClientAuth::kVerifyIfGiven || settings.client_auth == ClientAuth::kRequireAndVerify;
  if (settings.client_auth == ClientAuth::kNone) return {};
  ::SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | (is_demanded ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  if (!is_verified) ::SSL_CTX_set_cert_verify_callback(&context, any_certificate, nullptr);
  if (settings.client_ca_file.empty()) return {};
  const auto authorities = read_certificates("client_ca_file", settings.client_ca_file);
  if (!authorities) return tl::unexpected(authorities.error());
  for (const Certificate& authority : *authorities) {
    if (::X509_STORE_add_cert(::SSL_CTX_get_cert_store(&context), authority.get()) != 1 ||
        ::SSL_CTX_add_client_CA(&context, authority.get()) != 1) {
      return fault("client_ca_file", fmt::format("{}: OpenSSL refuses a certificate: {}; make a new one",
                                                 settings.client_ca_file, reason()));
    }
  }
  return {};
}

std::string joined(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ":")); }

Outcome use_ciphers(SSL_CTX& context, const TlsSettings& settings) {
  const auto number = [](TlsVersion version) { return version == TlsVersion::k12 ? TLS1_2_VERSION : TLS1_3_VERSION; };
  SSL_CTX_set_min_proto_version(&context, number(settings.min_version));
  SSL_CTX_set_max_proto_version(&context, number(settings.max_version));
  // A client that would rather have ChaCha20 has no hardware for AES.
  if (settings.prefers_own_order) {
    ::SSL_CTX_set_options(&context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  }
  const std::string old = settings.ciphers.empty() ? kCiphers : joined(settings.ciphers);
  const std::string now = settings.ciphers_of_1_3.empty() ? kCiphersOf13 : joined(settings.ciphers_of_1_3);
  if (::SSL_CTX_set_cipher_list(&context, old.c_str()) != 1 || ::SSL_CTX_set_ciphersuites(&context, now.c_str()) != 1) {
    return fault("cipher_suites", fmt::format("OpenSSL refuses the list: {}; leave it out", reason()));
  }
  if (!settings.groups.empty() && SSL_CTX_set1_groups_list(&context, joined(settings.groups).c_str()) != 1) {
    return fault("curve_preferences", fmt::format("OpenSSL refuses the list: {}; leave it out", reason()));
  }
  return {};
}

// RFC 7301: HTTP/1.1 where it is offered; clients that offer only other things go on without.
int choose_protocol(SSL* /*connection*/, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned int offered_size, void* /*unused*/) {
  static constexpr std::array<unsigned char, 9> kOurs = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* found = nullptr;
  if (::SSL_select_next_proto(&found, chosen_size, kOurs.data(), kOurs.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

tl::expected<TlsContext, TlsFault> make_tls_context(const TlsSettings& settings) {
  TlsContext made;
  made.context = {::SSL_CTX_new(::TLS_server_method()), Freed<SSL_CTX_free>()};
  if (!made.context)
    return fault("cert_file", fmt::format("OpenSSL does not start: {}; is it installed whole?", reason()));
  SSL_CTX& context = *made.context;
  // Nothing is resumed: no key of tickets is there to be stolen, who was refused stays so, and scrapers keep their
  // connections anyway.
  ::SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_options(&context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ::SSL_CTX_set_num_tickets(&context, 0);
  // Idle connections give their buffers back.
  SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS);
  ::SSL_CTX_set_alpn_select_cb(&context, choose_protocol, nullptr);
  for (const auto step : {use_ciphers, use_client_auth}) {
    if (const Outcome outcome = step(context, settings); !outcome) return tl::unexpected(outcome.error());
  }
  if (const Outcome outcome = use_certificates(context, settings, made); !outcome) {
    return tl::unexpected(outcome.error());
  }
  return made;
}

}  // namespace blipd::config
