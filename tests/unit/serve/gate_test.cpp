// Who is let in, who has to wait, and what is remembered. The clock plays no part: each step is waited for.
#include "daemon/serve/gate.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "daemon/serve/credentials.hpp"
#include "daemon/serve/mailbox.hpp"

using namespace blipd::serve;
using Answer = Gate::Answer;

namespace {

// Of "secret" and of "other", at the lowest cost that there is.
const std::string kSecret = "$2y$04$8zzZJinAkAGE7iLQD.SfyO7Lm/RYv4cMqhG8T73SLVnIUtM5ivOLi";
const std::string kOther = "$2y$04$biGYrAF4Zf9J93LIYvXH3eryut0uNXrMln.1dfdFRGBiBk0h0DMgm";
// The same password at a cost of some hundreds of milliseconds: a check that is under way when the next ones come.
const std::string kSlow = "$2y$11$Ff.Caipv5szNTGYQ6OdDiOPnPfyynBxtdskLw/lfwvQ7aMB.TeVBe";

const std::string kAlice = "Basic YWxpY2U6c2VjcmV0";  // alice:secret
const std::string kWrong = "Basic YWxpY2U6d3Jvbmc=";  // alice:wrong
const std::string kBob = "Basic Ym9iOnNlY3JldA==";    // bob:secret

struct Fixture {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{context.get_executor()};
  std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>(context);
  ServerStats stats;
  std::unique_ptr<Gate> gate = std::make_unique<Gate>(mailbox, stats);
  std::vector<Answer> answers;

  // As the server does: whoever is still about to leave something here is waited for.
  ~Fixture() { mailbox->close(); }

  void ask(const std::string& field, const std::string& client = "192.0.2.1") {
    gate->admit(field, client, [this](Answer answer) { answers.push_back(answer); });
  }
  // Until there are so many answers.
  void wait_for(std::size_t count) {
    while (answers.size() < count) context.run_one();
  }
  Answer asked(const std::string& field) {
    const std::size_t before = answers.size();
    ask(field);
    wait_for(before + 1);
    return answers.back();
  }
  // Without waiting for anything.
  bool is_remembered(const std::string& field) {
    const std::size_t before = answers.size();
    ask(field);
    return answers.size() == before + 1 && answers.back() == Answer::kAdmitted;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "with no users everybody is let in at once") {
  ask("");
  ask("nonsense");
  CHECK(answers == std::vector{Answer::kAdmitted, Answer::kAdmitted});
  CHECK(stats.auth_failures == 0);
}

TEST_CASE_METHOD(Fixture, "a right password is checked once and remembered, a wrong one never") {
  gate->adopt({{"alice", kSecret}});
  CHECK_FALSE(is_remembered(kAlice));
  wait_for(1);
  CHECK(answers.back() == Answer::kAdmitted);
  CHECK(is_remembered(kAlice));
  CHECK(asked(kWrong) == Answer::kRefused);
  CHECK(asked(kWrong) == Answer::kRefused);
  CHECK(asked(kBob) == Answer::kRefused);
  CHECK(is_remembered(kAlice));
  CHECK(stats.auth_failures == 3);
}

TEST_CASE_METHOD(Fixture, "no credentials are no failure, malformed ones are") {
  gate->adopt({{"alice", kSecret}});
  CHECK(asked("") == Answer::kRefused);
  CHECK(stats.auth_failures == 0);
  CHECK(asked("Basic !") == Answer::kRefused);
  CHECK(asked("Bearer YWxpY2U6c2VjcmV0") == Answer::kRefused);
  CHECK(stats.auth_failures == 2);
}

TEST_CASE_METHOD(Fixture, "one user's password lets in nobody else") {
  gate->adopt({{"alice", kSecret}, {"bob", kOther}});
  CHECK(asked(kAlice) == Answer::kAdmitted);
  CHECK(asked(kBob) == Answer::kRefused);
}

TEST_CASE_METHOD(Fixture, "a new hash ends what was remembered, the same one does not") {
  gate->adopt({{"alice", kSecret}});
  CHECK(asked(kAlice) == Answer::kAdmitted);
  gate->adopt({{"alice", kSecret}, {"bob", kOther}});
  CHECK(is_remembered(kAlice));
  gate->adopt({{"alice", kOther}});
  CHECK(asked(kAlice) == Answer::kRefused);
  gate->adopt({{"bob", kOther}});
  CHECK(asked(kAlice) == Answer::kRefused);
}

TEST_CASE_METHOD(Fixture, "a hash that changes while a password is checked by the old one lets nobody in") {
  gate->adopt({{"alice", kSecret}});
  ask(kAlice);
  gate->adopt({{"alice", kOther}});
  wait_for(1);
  CHECK(answers.back() == Answer::kRefused);
  CHECK_FALSE(is_remembered(kAlice));
}

TEST_CASE_METHOD(Fixture,
                 "a flood of wrong passwords fills its own share of the queue, and keeps out nobody remembered") {
  gate->adopt({{"alice", kSecret}});
  CHECK(asked(kAlice) == Answer::kAdmitted);
  gate->adopt({{"alice", kSecret}, {"bob", kSlow}});
  const std::vector<std::string> guesses = {"Basic Ym9iOjE=", "Basic Ym9iOjI=", "Basic Ym9iOjM=",
                                            "Basic Ym9iOjQ=", "Basic Ym9iOjU=", "Basic Ym9iOjY="};  // bob:1 to bob:6
  answers.clear();
  for (const std::string& guess : guesses) ask(guess, "192.0.2.66");
  // Two found no room, and heard of it at once.
  CHECK(answers == std::vector{Answer::kBusy, Answer::kBusy});
  CHECK(stats.auth_overruns == 2);
  CHECK(is_remembered(kAlice));
  // Somebody else's turn comes after those four.
  ask(kBob, "192.0.2.1");
  wait_for(8);
  CHECK(answers.back() == Answer::kAdmitted);
  CHECK(stats.auth_failures == 4);
}

TEST_CASE_METHOD(Fixture, "requests with the same password wait for the same check") {
  gate->adopt({{"bob", kSlow}});
  for (int i = 0; i < 50; ++i) ask(kBob);
  CHECK(answers.empty());
  wait_for(50);
  CHECK(answers == std::vector(50, Answer::kAdmitted));
  CHECK(stats.auth_overruns == 0);
}

TEST_CASE_METHOD(Fixture, "a gate may go while a password is being checked") {
  gate->adopt({{"bob", kSlow}});
  ask(kBob);
  gate.reset();
  mailbox->close();
  CHECK(answers.empty());
}
