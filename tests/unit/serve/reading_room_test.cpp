// Who is read for, who is turned away, and what becomes of those who left. The clock plays no part: each step is waited
// for.
#include "daemon/serve/reading_room.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "daemon/serve/mailbox.hpp"

using namespace blipd::serve;

namespace {

struct Fixture {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{context.get_executor()};
  std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>(context);
  std::unique_ptr<ReadingRoom> room = std::make_unique<ReadingRoom>(mailbox);
  std::vector<std::string> answers;
  std::promise<void> open;  // until then whatever was entered with a lock is being read
  std::shared_future<void> opened = open.get_future().share();

  ~Fixture() { mailbox->close(); }

  ReadingRoom::Place enter(std::function<Reply()> make) {
    return room->enter(std::move(make), [this](const Reply& reply) { answers.push_back(reply.body); });
  }
  ReadingRoom::Place enter(const std::string& text) {
    return enter([text] { return plain_reply(200, text); });
  }
  // Returns when it is being read, and nothing else will be until `open` is set.
  ReadingRoom::Place occupy() {
    auto begun = std::make_shared<std::promise<void>>();
    auto place = enter([begun, opened = opened] {
      begun->set_value();
      opened.wait();
      return plain_reply(200, "first");
    });
    begun->get_future().wait();
    return place;
  }
  void wait_for(std::size_t count) {
    while (answers.size() < count) context.run_one();
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "readings are done in their order, on another thread, and told on the serving thread") {
  std::thread::id reader;
  std::thread::id told;
  const auto first = room->enter(
      [&reader] {
        reader = std::this_thread::get_id();
        return plain_reply(200, "first");
      },
      [&](const Reply& reply) {
        told = std::this_thread::get_id();
        answers.push_back(reply.body);
      });
  const auto second = enter("second");
  CHECK(answers.empty());
  wait_for(2);
  CHECK(answers == std::vector<std::string>{"first\n", "second\n"});
  CHECK(reader != std::this_thread::get_id());
  CHECK(told == std::this_thread::get_id());
}

TEST_CASE_METHOD(Fixture, "who comes when too many wait is turned away, and the others are read for") {
  std::vector<ReadingRoom::Place> places = {occupy()};
  for (std::size_t i = 0; i < ReadingRoom::kMostWaiting; ++i) places.push_back(enter("next"));
  CHECK(places.back());
  CHECK_FALSE(enter("too many"));
  open.set_value();
  wait_for(ReadingRoom::kMostWaiting + 1);
  CHECK(answers.back() == "next\n");
  const auto again = enter("again");
  REQUIRE(again);
  wait_for(ReadingRoom::kMostWaiting + 2);
  CHECK(answers.back() == "again\n");
}

TEST_CASE_METHOD(Fixture, "who left is not read for, not told, and takes nobody's place") {
  const auto first = occupy();
  bool is_read = false;
  for (std::size_t i = 0; i < ReadingRoom::kMostWaiting; ++i) {
    CHECK(enter([&is_read] {
      is_read = true;
      return plain_reply(200, "left");
    }));
  }
  const auto stays = enter("stays");
  REQUIRE(stays);
  open.set_value();
  wait_for(2);
  CHECK(answers == std::vector<std::string>{"first\n", "stays\n"});
  CHECK_FALSE(is_read);
}

TEST_CASE_METHOD(Fixture, "who leaves while he is read for is not told") {
  auto first = occupy();
  const auto second = enter("second");
  first.reset();
  open.set_value();
  wait_for(1);
  CHECK(answers == std::vector<std::string>{"second\n"});
}

TEST_CASE_METHOD(Fixture, "a reading that fails is answered with 500, and the next one is done") {
  unsigned status = 0;
  const auto fails =
      room->enter([]() -> Reply { throw std::bad_alloc(); }, [&](const Reply& reply) { status = reply.status; });
  const auto second = enter("second");
  wait_for(1);
  CHECK(status == 500);
}

TEST_CASE_METHOD(Fixture, "the end waits for the reading under way, and gives up the rest") {
  const auto first = occupy();
  bool is_read = false;
  auto kept = std::make_shared<std::promise<void>>();
  std::future<void> given_up = kept->get_future();
  const auto second = enter([&is_read, kept = std::move(kept)] {
    is_read = true;
    return plain_reply(200, "second");
  });
  std::thread opens([&] {
    given_up.wait();
    open.set_value();
  });
  room.reset();
  opens.join();
  context.poll();
  CHECK_FALSE(is_read);
  CHECK(answers == std::vector<std::string>{"first\n"});
}
