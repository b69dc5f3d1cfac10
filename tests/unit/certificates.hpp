// Keys and certificates for tests, made on the spot: none of them is worth anything, and none is kept.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace blipd::certificates {

using Pkey = std::shared_ptr<EVP_PKEY>;
using Cert = std::shared_ptr<X509>;

struct Identity {
  Pkey key;
  Cert certificate;

  std::string certificate_pem() const {
    return pem([this](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); });
  }
  std::string key_pem(const char* passphrase = nullptr) const {
    return pem([this, passphrase](BIO* out) {
      return PEM_write_bio_PKCS8PrivateKey(out, key.get(), passphrase ? EVP_aes_128_cbc() : nullptr, passphrase,
                                           passphrase ? static_cast<int>(std::string(passphrase).size()) : 0, nullptr,
                                           nullptr);
    });
  }

 private:
  template <class Write>
  static std::string pem(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), BIO_free_all);
    if (write(out.get()) != 1) throw std::runtime_error("cannot write PEM");
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }
};

struct Wanted {
  std::string name = "localhost";
  long begins_in_seconds = -60;
  long ends_in_seconds = 3600;
  bool is_authority = false;
  const Identity* issuer = nullptr;  // null: signs itself
};

inline void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr || X509_add_ext(certificate, extension, -1) != 1) throw std::runtime_error("no extension");
  X509_EXTENSION_free(extension);
}

inline Identity make_identity(const Wanted& wanted = {}) {
  Identity made;
  made.key = Pkey(EVP_EC_gen("P-256"), EVP_PKEY_free);
  made.certificate = Cert(X509_new(), X509_free);
  X509* const certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  static long serial = 1;
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wanted.begins_in_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wanted.ends_in_seconds);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wanted.name.c_str()), -1, -1, 0);
  X509* const issuer = wanted.issuer == nullptr ? certificate : wanted.issuer->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  add_extension(certificate, issuer, NID_basic_constraints, wanted.is_authority ? "critical,CA:TRUE" : "CA:FALSE");
  add_extension(certificate, issuer, NID_subject_alt_name, "DNS:" + wanted.name + ",IP:127.0.0.1");
  EVP_PKEY* const signer = wanted.issuer == nullptr ? made.key.get() : wanted.issuer->key.get();
  if (X509_sign(certificate, signer, EVP_sha256()) == 0) throw std::runtime_error("cannot sign");
  return made;
}

}  // namespace blipd::certificates
