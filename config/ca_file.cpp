#include "config/ca_file.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <filesystem>
#include <memory>

#include "config/file.hpp"
#include "config/reader.hpp"

namespace blipd::config {

Problem ca_file_problem(const std::string& file) {
  if (!std::filesystem::path(file).is_absolute()) {
    return fmt::format("{} is not an absolute path; begin it with '/'", cited(file));
  }
  const auto text = read_small_file(file);
  if (!text) return with_remedy(text.error().text, "give a file of certificates in PEM that blipd may read");
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(::BIO_new_mem_buf(text->data(), static_cast<int>(text->size())),
                                                &::BIO_free);
  const std::unique_ptr<X509, void (*)(X509*)> certificate(::PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr),
                                                           &::X509_free);
  ::ERR_clear_error();
  if (!certificate) return fmt::format("no certificate in {}; give a file of certificates in PEM", cited(file));
  return std::nullopt;
}

}  // namespace blipd::config
