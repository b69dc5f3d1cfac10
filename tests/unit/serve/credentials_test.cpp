#include "daemon/serve/credentials.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "config/basic_auth.hpp"

using namespace blipd;
using namespace blipd::serve;

namespace {

// Made with `htpasswd -nbBC 4 NAME secret`.
const std::string kSecret = "$2y$04$8zzZJinAkAGE7iLQD.SfyO7Lm/RYv4cMqhG8T73SLVnIUtM5ivOLi";

std::string pair_of(std::string_view field) {
  const auto found = parse_basic(field);
  return found ? found->user + "|" + found->password : "none";
}

}  // namespace

TEST_CASE("names and passwords are read as RFC 7617 writes them") {
  CHECK(pair_of("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == "Aladdin|open sesame");  // its section 2
  CHECK(pair_of("basic   QWxhZGRpbjpvcGVuIHNlc2FtZQ== ") == "Aladdin|open sesame");
  CHECK(pair_of("BASIC QWxhZGRpbjpvcGVuIHNlc2FtZQ") == "Aladdin|open sesame");
  CHECK(pair_of("Basic dGVzdDoxMjPCow==") == "test|123\xC2\xA3");  // section 2.1
  CHECK(pair_of("Basic YTpiOmM=") == "a|b:c");
  CHECK(pair_of("Basic Og==") == "|");
}

TEST_CASE("a field that is cut short is no pair, or the beginning of one") {
  const std::string_view whole = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    const auto found = parse_basic(whole.substr(0, size));
    if (found) CHECK((found->user + ":" + found->password).size() < std::string("Aladdin:open sesame").size() + 1);
    if (found) CHECK(std::string("Aladdin:open sesame").starts_with(found->user + ":" + found->password));
  }
}

TEST_CASE("what is malformed or of another scheme is no pair") {
  for (const std::string_view field : {"", "Basic", "Basic ", "Basic YQ==", "Basic Y*==", "Basic QWxhZ", "Bearer YTpi",
                                       "BasicYTpi", "Basic YTpi=YTpi", "Basic YToAYg=="}) {
    INFO(field);
    CHECK(pair_of(field) == "none");
  }
}

TEST_CASE("a password is known by its bcrypt hash, in each of the ways to write one") {
  CHECK(is_password_of("secret", kSecret));
  CHECK_FALSE(is_password_of("Secret", kSecret));
  CHECK_FALSE(is_password_of("", kSecret));
  std::string other = kSecret;
  for (const char kind : {'a', 'b', 'y'}) {
    other[2] = kind;
    CHECK(is_password_of("secret", other));
  }
  CHECK_FALSE(is_password_of("secret", "*0"));
  CHECK_FALSE(is_password_of("secret", ""));
}

TEST_CASE("a decoy is a hash as good as any, and of no password") {
  CHECK_FALSE(config::hash_problem(decoy_hash(4)));
  CHECK(config::bcrypt_cost(decoy_hash(12)) == 12);
  CHECK_FALSE(is_password_of("", decoy_hash(4)));
  CHECK_FALSE(is_password_of("secret", decoy_hash(4)));
}
