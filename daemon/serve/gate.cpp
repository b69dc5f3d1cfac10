#include "daemon/serve/gate.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "config/basic_auth.hpp"
#include "daemon/serve/credentials.hpp"
#include "daemon/serve/mailbox.hpp"

namespace blipd::serve {

Gate::Gate(std::shared_ptr<Mailbox> mailbox, ServerStats& stats)
    : mailbox_(std::move(mailbox)), stats_(stats), self_(std::make_shared<Gate*>(this)) {
  if (::RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) {
    throw std::runtime_error("OpenSSL has no random numbers; is /dev/urandom there?");
  }
}

void Gate::adopt(const std::map<std::string, std::string>& users) {
  std::map<std::string, User> next;
  int cost = 0;
  for (const auto& [name, hash] : users) {
    User user{hash, std::nullopt};
    const auto known = users_.find(name);
    if (known != users_.end() && known->second.hash == hash) user.right = known->second.right;
    next.emplace(name, std::move(user));
    cost = std::max(cost, config::bcrypt_cost(hash));
  }
  users_ = std::move(next);
  decoy_ = decoy_hash(cost);
}

// The name's length goes in front, so that no other name and password run together to the same.
Gate::Digest Gate::digest_of(std::string_view user, std::string_view password) const {
  std::string text = std::to_string(user.size()) + ":";
  text.append(user).append(password);
  Digest digest{};
  ::HMAC(::EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), nullptr);
  ::OPENSSL_cleanse(text.data(), text.size());
  return digest;
}

void Gate::admit(std::string_view authorization, const std::string& client, Done done) {
  if (users_.empty()) return done(Answer::kAdmitted);
  if (authorization.empty()) return done(Answer::kRefused);
  auto credentials = parse_basic(authorization);
  if (!credentials) {
    ++stats_.auth_failures;
    return done(Answer::kRefused);
  }
  const Digest digest = digest_of(credentials->user, credentials->password);
  const auto user = users_.find(credentials->user);
  const bool is_remembered = user != users_.end() && user->second.right &&
                             ::CRYPTO_memcmp(user->second.right->data(), digest.data(), digest.size()) == 0;
  if (is_remembered) {
    ::OPENSSL_cleanse(credentials->password.data(), credentials->password.size());
    return done(Answer::kAdmitted);
  }
  if (const auto same = waiting_.find(digest); same != waiting_.end()) {
    same->second.done.push_back(std::move(done));
    return;
  }
  std::size_t& turns = of_client_[client];
  // Whoever is unknown is checked too, and found wrong: the time that it takes tells nobody who is known.
  const std::string& hash = user != users_.end() ? user->second.hash : decoy_;
  auto on_checked = [mailbox = mailbox_, weak = std::weak_ptr(self_), digest, name = credentials->user,
                     hash](bool is_right) {
    mailbox->post([weak, digest, name, hash, is_right] {
      if (const auto self = weak.lock()) (*self)->checked(digest, name, hash, is_right);
    });
  };
  if (turns >= kMaxOfOneClient || !checks_.submit({std::move(credentials->password), hash, std::move(on_checked)})) {
    if (turns == 0) of_client_.erase(client);
    ++stats_.auth_overruns;
    return done(Answer::kBusy);
  }
  ++turns;
  waiting_[digest] = {client, {}};
  waiting_[digest].done.push_back(std::move(done));
}

void Gate::checked(const Digest& digest, const std::string& user, const std::string& hash, bool is_right) {
  auto found = waiting_.extract(digest);
  if (found.empty()) return;
  const auto turns = of_client_.find(found.mapped().client);
  if (--turns->second == 0) of_client_.erase(turns);
  // His password may have been changed in the meantime.
  const auto known = users_.find(user);
  const bool is_admitted = is_right && known != users_.end() && known->second.hash == hash;
  if (is_admitted) known->second.right = digest;
  for (const Done& done : found.mapped().done) {
    if (!is_admitted) ++stats_.auth_failures;
    done(is_admitted ? Answer::kAdmitted : Answer::kRefused);
  }
}

}  // namespace blipd::serve
