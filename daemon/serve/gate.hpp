// Lets in who knows the password of one of the users. Remembers for each user a keyed digest of the password that was
// last found right, so that a scraper's is computed once, and a flood of wrong ones keeps out nobody whose own is
// remembered. Remembers no password. Lives on the serving thread.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/serve/password_checks.hpp"
#include "daemon/serve/server_stats.hpp"

namespace blipd::serve {

class Mailbox;

class Gate {
 public:
  enum class Answer {
    kAdmitted,
    kRefused,
    kBusy,  // too many passwords wait to be checked
  };
  using Done = std::function<void(Answer)>;

  // Of passwords that wait, those of one client's address.
  static constexpr std::size_t kMaxOfOneClient = 4;

  // `stats` must outlive this.
  Gate(std::shared_ptr<Mailbox> mailbox, ServerStats& stats);

  // From name to bcrypt hash; nobody: everybody is let in. Who is remembered stays so while his hash is the same.
  void adopt(const std::map<std::string, std::string>& users);

  // Calls `done` once, now or later, unless this is gone before. `authorization`: the value of that field, or empty.
  // `client`: whose turn it is counted as.
  void admit(std::string_view authorization, const std::string& client, Done done);

 private:
  using Digest = std::array<unsigned char, 32>;
  struct User {
    std::string hash;
    std::optional<Digest> right;  // of his name and password
  };
  struct Waiting {
    std::string client;
    std::vector<Done> done;
  };

  Digest digest_of(std::string_view user, std::string_view password) const;
  void checked(const Digest& digest, const std::string& user, const std::string& hash, bool is_right);

  std::shared_ptr<Mailbox> mailbox_;
  ServerStats& stats_;
  std::array<unsigned char, 32> key_{};  // random, of this run
  std::map<std::string, User> users_;
  std::string decoy_;
  std::map<Digest, Waiting> waiting_;  // requests with the same name and password wait for the same check
  std::map<std::string, std::size_t> of_client_;
  std::shared_ptr<Gate*> self_;  // what comes late finds nobody
  PasswordChecks checks_;
};

}  // namespace blipd::serve
