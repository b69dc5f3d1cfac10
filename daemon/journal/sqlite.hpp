// A thin hold on SQLite: connections and statements that close themselves, and errors that say what was tried. Knows no
// table. The header of SQLite stays out of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "probes/base/error.hpp"
#include "probes/base/time.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace blipd::journal {

// What went wrong, beside the words for it: some of it has remedies.
struct SqlError {
  enum class Kind : std::uint8_t { kOther, kBusy, kFull, kCorrupt };
  Kind kind = Kind::kOther;
  std::string text;
};

// Thrown by statements: a transaction is given up as a whole, and whoever began it says so.
class SqlFailure {
 public:
  explicit SqlFailure(SqlError error) : error_(std::move(error)) {}
  const SqlError& error() const { return error_; }

 private:
  SqlError error_;
};

class Statement {
 public:
  Statement(sqlite3* db, std::string_view sql);

  // Positions count from 1.
  Statement& bind(int position, std::int64_t value);
  Statement& bind(int position, std::string_view value);
  Statement& bind(int position, const std::optional<std::int64_t>& value);

  // True while there is a row.
  bool step();
  // Runs it to its end and makes it ready for other values.
  void run();
  void reset();

  std::int64_t integer(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  [[noreturn]] void fail() const;
  sqlite3* db_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Connection {
 public:
  enum class Access : std::uint8_t { kWrite, kRead };
  // Throws SqlFailure.
  Connection(const std::string& path, Access access);

  void run(const std::string& sql);
  std::int64_t integer(std::string_view sql);
  // From now on, for so long; what takes longer fails.
  void limit_time(base::Duration duration);
  Statement prepare(std::string_view sql) { return {db_.get(), sql}; }

 private:
  void open(const std::string& name, int flags);

  struct Close {
    void operator()(sqlite3* db) const;
  };
  std::unique_ptr<std::chrono::steady_clock::time_point> deadline_;  // outlives what looks at it, and does not move
  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace blipd::journal
