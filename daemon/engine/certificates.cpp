#include "daemon/engine/certificates.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <optional>

#include "probes/base/address.hpp"
#include "probes/base/text.hpp"

namespace blipd::engine {

namespace {

constexpr std::size_t kLongestName = 256;

struct Free {
  void operator()(X509* certificate) const { ::X509_free(certificate); }
  void operator()(BIO* bio) const { ::BIO_free(bio); }
  void operator()(GENERAL_NAMES* names) const { ::GENERAL_NAMES_free(names); }
};
template <class T>
using Owner = std::unique_ptr<T, Free>;

std::string text_of(const X509_NAME* name) {
  const Owner<BIO> bio(::BIO_new(::BIO_s_mem()));
  // Whatever is not printable ASCII comes out escaped.
  if (!bio || ::X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  char* text = nullptr;
  const long length = ::BIO_get_mem_data(bio.get(), &text);
  return length > 0 ? printable({text, static_cast<std::size_t>(length)}, kLongestName) : std::string();
}

base::WallTime time_of(const ASN1_TIME* time) {
  std::tm fields{};
  if (::ASN1_TIME_to_tm(time, &fields) != 1) return {};
  // What lies beyond what nanoseconds in 64 bits hold (the year 2262) is put there.
  constexpr std::time_t kLast = 9'000'000'000;
  return base::WallTime(std::chrono::seconds(std::min(::timegm(&fields), kLast)));
}

// The first name of a host that a certificate has, to say whose it is.
std::string first_name(X509* certificate) {
  const Owner<GENERAL_NAMES> names(
      static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* const text = reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName));
    return printable({text, static_cast<std::size_t>(::ASN1_STRING_length(name->d.dNSName))}, kLongestName);
  }
  return text_of(::X509_get_subject_name(certificate));
}

bool is_for(X509* certificate, const std::string& host) {
  if (base::Address::parse(host)) return ::X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
  return ::X509_check_host(certificate, host.data(), host.size(), 0, nullptr) == 1;
}

std::string fault_of(X509* certificate, long verified, const std::string& host) {
  std::string fault;
  switch (verified) {
    case X509_V_OK:
      break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      fault = "has expired";
      break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      fault = "is not valid yet";
      break;
    default:
      fault = fmt::format("is not trusted ({})", ::X509_verify_cert_error_string(verified));
  }
  if (is_for(certificate, host)) return fault;
  return fmt::format("{}{}is for another name ({})", fault, fault.empty() ? "" : " and ", first_name(certificate));
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  std::string out(text.substr(0, most));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

std::shared_ptr<x509_store_st> TrustStores::find(const std::string& ca_file) {
  auto& store = stores_[ca_file];
  if (store) return store;
  store = std::shared_ptr<X509_STORE>(::X509_STORE_new(), &::X509_STORE_free);
  if (!store) return store;
  if (!ca_file.empty()) {
    ::X509_STORE_load_file(store.get(), ca_file.c_str());
  } else if (X509_LOOKUP* const lookup = ::X509_STORE_add_lookup(store.get(), ::X509_LOOKUP_hash_dir())) {
    ::X509_LOOKUP_add_dir(lookup, nullptr, X509_FILETYPE_DEFAULT);
  }
  ::ERR_clear_error();
  return store;
}

void verify_by(ssl_ctx_st* context, x509_store_st* roots) {
  ::SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  ::SSL_CTX_set1_cert_store(context, roots);
}

std::optional<probes::CertificateFacts> read_certificate(ssl_st* connection, const std::string& host) {
  const Owner<X509> certificate(::SSL_get1_peer_certificate(connection));
  if (!certificate) return std::nullopt;
  probes::CertificateFacts facts;
  facts.not_after = time_of(::X509_get0_notAfter(certificate.get()));
  facts.subject = text_of(::X509_get_subject_name(certificate.get()));
  facts.issuer = text_of(::X509_get_issuer_name(certificate.get()));
  facts.fault = fault_of(certificate.get(), ::SSL_get_verify_result(connection), host);
  ::ERR_clear_error();
  return facts;
}

}  // namespace blipd::engine
