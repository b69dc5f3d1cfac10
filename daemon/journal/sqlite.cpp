#include "daemon/journal/sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <filesystem>
#include <utility>

namespace blipd::journal {

namespace {

// Another program may be reading or taking a copy; probing does not wait for us, so we may wait a little.
constexpr int kBusyMilliseconds = 250;
// Steps of SQLite's machine between two looks at the clock: some ten microseconds.
constexpr int kStepsBetweenLooks = 1000;

SqlError error_of(sqlite3* db, int status) {
  SqlError error;
  error.text = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(status);
  const int code = db != nullptr ? sqlite3_errcode(db) : status;
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      error.kind = SqlError::Kind::kBusy;
      break;
    case SQLITE_FULL:
      error.kind = SqlError::Kind::kFull;
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      error.kind = SqlError::Kind::kCorrupt;
      break;
    case SQLITE_INTERRUPT:
      error.text = "took too long";
      break;
    default:
      break;
  }
  return error;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Connection::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Statement::Statement(sqlite3* db, std::string_view sql) : db_(db) {
  sqlite3_stmt* statement = nullptr;
  const int status = sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  statement_.reset(statement);
  if (status != SQLITE_OK) fail();
}

void Statement::fail() const { throw SqlFailure(error_of(db_, SQLITE_ERROR)); }

Statement& Statement::bind(int position, std::int64_t value) {
  if (sqlite3_bind_int64(statement_.get(), position, value) != SQLITE_OK) fail();
  return *this;
}

Statement& Statement::bind(int position, std::string_view value) {
  // The text must outlive run(), which follows at once.
  const int status =
      sqlite3_bind_text(statement_.get(), position, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
  if (status != SQLITE_OK) fail();
  return *this;
}

Statement& Statement::bind(int position, const std::optional<std::int64_t>& value) {
  if (value) return bind(position, *value);
  if (sqlite3_bind_null(statement_.get(), position) != SQLITE_OK) fail();
  return *this;
}

bool Statement::step() {
  const int status = sqlite3_step(statement_.get());
  if (status == SQLITE_ROW) return true;
  if (status != SQLITE_DONE) {
    const SqlFailure failure(error_of(db_, status));
    sqlite3_reset(statement_.get());
    throw failure;
  }
  return false;
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string Statement::text(int column) const {
  const auto* const bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int length = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(length));
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

namespace {

// SQLite's URI of a file that nobody changes (https://www.sqlite.org/uri.html).
std::string immutable_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

Connection::Connection(const std::string& path, Access access) {
  if (access == Access::kWrite) {
    open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    return;
  }
  open(path, SQLITE_OPEN_READONLY);
  // Reading in WAL mode takes two files beside the database. The writer takes them away when it ends, and who may only
  // read the folder cannot make them anew: but then everything is in the file, and nobody writes to it.
  const int looked = sqlite3_exec(db_.get(), "SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr);
  const bool is_refused = looked == SQLITE_CANTOPEN || looked == SQLITE_READONLY;
  std::error_code error;
  if (is_refused && std::filesystem::exists(path, error) && !std::filesystem::exists(path + "-wal", error)) {
    open(immutable_uri(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
  }
}

void Connection::open(const std::string& name, int flags) {
  sqlite3* db = nullptr;
  const int status = sqlite3_open_v2(name.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  db_.reset(db);
  if (status != SQLITE_OK) throw SqlFailure(error_of(db, status));
  sqlite3_busy_timeout(db, kBusyMilliseconds);
}

void Connection::run(const std::string& sql) {
  if (const int status = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr); status != SQLITE_OK) {
    throw SqlFailure(error_of(db_.get(), status));
  }
}

void Connection::limit_time(base::Duration duration) {
  deadline_ = std::make_unique<std::chrono::steady_clock::time_point>(std::chrono::steady_clock::now() + duration);
  const auto is_late = [](void* deadline) {
    return std::chrono::steady_clock::now() > *static_cast<std::chrono::steady_clock::time_point*>(deadline) ? 1 : 0;
  };
  sqlite3_progress_handler(db_.get(), kStepsBetweenLooks, is_late, deadline_.get());
}

std::int64_t Connection::integer(std::string_view sql) {
  Statement statement = prepare(sql);
  return statement.step() ? statement.integer(0) : 0;
}

}  // namespace blipd::journal
