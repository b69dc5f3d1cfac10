#include "daemon/journal/history.hpp"

#include <algorithm>
#include <string_view>

#include "daemon/journal/spread.hpp"

namespace blipd::journal {

namespace {

using std::chrono::minutes;

constexpr std::int64_t kDay = 24 * 60;
constexpr std::array<std::int64_t, 11> kWidths = {1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720};  // minutes
static_assert(kDay % kWidths.back() == 0);

std::int64_t minute_of(base::WallTime time) { return std::chrono::floor<minutes>(time.time_since_epoch()).count(); }

std::int64_t floor_to(std::int64_t minute, std::int64_t width) { return minute - ((minute % width) + width) % width; }

// Rows of a place in the order of their minutes, and the bin of each.
class Rows {
 public:
  Rows(Connection& db, std::string_view columns, std::string_view table, const std::string& place, const Bins& bins)
      : place_(place),
        width_(std::chrono::duration_cast<minutes>(bins.width).count()),
        first_(minute_of(bins.from)),
        statement_(db.prepare(std::string("SELECT minute,")
                                  .append(columns)
                                  .append(" FROM ")
                                  .append(table)
                                  .append(" WHERE place = (SELECT id FROM places WHERE name = ?1) AND minute >= ?2 "
                                          "AND minute < ?3 ORDER BY minute"))) {
    statement_.bind(1, place_).bind(2, first_).bind(3, first_ + width_ * static_cast<std::int64_t>(bins.count));
  }

  bool next() { return statement_.step(); }
  std::size_t bin() const { return static_cast<std::size_t>((statement_.integer(0) - first_) / width_); }

  // Columns as asked for, from 0.
  std::int64_t integer(int column) const { return statement_.integer(column + 1); }
  bool is_null(int column) const { return statement_.is_null(column + 1); }
  std::uint64_t count(int column) const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(integer(column), 0));
  }

 private:
  std::string place_;  // is bound
  std::int64_t width_;
  std::int64_t first_;
  Statement statement_;
};

struct Mean {
  double sum = 0;
  std::uint32_t count = 0;

  void add(std::int64_t permille) {
    sum += static_cast<double>(permille);
    ++count;
  }
  std::optional<float> take() {
    if (count == 0) return std::nullopt;
    const double mean = sum / count / 1e3;
    *this = {};
    return static_cast<float>(mean);
  }
};

// What a bin needs beside what it shows.
struct OpenBin {
  Mean reachable, usual;
  std::vector<std::int64_t> medians;  // µs

  void close(StateBin& bin) {
    bin.reachable = reachable.take();
    bin.usual_reachable = usual.take();
    if (medians.empty()) return;
    const auto middle = medians.begin() + static_cast<std::ptrdiff_t>((medians.size() - 1) / 2);
    std::nth_element(medians.begin(), middle, medians.end());
    bin.rtt_median = static_cast<float>(static_cast<double>(*middle) / 1e6);
    medians.clear();
  }
};

void add(const Rows& row, StateBin& bin, OpenBin& open) {
  ++bin.minutes;
  if (const std::uint64_t state = row.count(0); state < bin.minutes_in.size()) ++bin.minutes_in[state];
  if (row.integer(1) != 0) ++bin.minutes_unstable;
  bin.down += std::chrono::milliseconds(row.integer(2));
  bin.unknown += std::chrono::milliseconds(row.integer(3));
  if (!row.is_null(4)) {
    open.reachable.add(row.integer(4));
    const float share = static_cast<float>(row.integer(4)) / 1e3F;
    bin.least_reachable = std::min(bin.least_reachable.value_or(share), share);
  }
  if (!row.is_null(5)) open.usual.add(row.integer(5));
  bin.answered += row.count(6);
  bin.lost += row.count(7);
  if (!row.is_null(8)) open.medians.push_back(row.integer(8));
}

void add(const Rows& row, ChannelBin& bin, SpreadMixer& mixer) {
  ++bin.minutes;
  const std::uint64_t answered = row.count(0);
  bin.answered += answered;
  bin.lost += row.count(1);
  bin.aborted += row.count(2);
  bin.late += row.count(3);
  if (answered == 0 || row.is_null(4)) return;
  SpreadMixer::Points points{};
  for (std::size_t i = 0; i < points.size(); ++i) {
    points[i] = static_cast<double>(row.integer(4 + static_cast<int>(i)));
    if (i > 0) points[i] = std::max(points[i], points[i - 1]);  // a file may hold anything
  }
  mixer.add(points, static_cast<double>(answered));
}

void close(ChannelBin& bin, SpreadMixer& mixer) {
  const auto points = mixer.take();
  if (!points) return;
  const auto seconds = [&](std::size_t i) { return static_cast<float>((*points)[i] / 1e6); };
  bin.rtt = RttSpread{seconds(0), seconds(1), seconds(2), seconds(3), seconds(4), seconds(5), seconds(6)};
}

}  // namespace

Bins bins_for(base::WallTime from, base::WallTime to, std::size_t most) {
  const std::int64_t first = minute_of(from);
  const std::int64_t last = std::max(first, minute_of(to - base::Duration(1)));  // the minute of the last moment
  const auto limit = static_cast<std::int64_t>(std::max<std::size_t>(most, 1));
  const auto bins_of = [&](std::int64_t width) { return (floor_to(last, width) - floor_to(first, width)) / width + 1; };
  std::int64_t width = kDay;
  if (const auto usual = std::ranges::find_if(kWidths, [&](auto each) { return bins_of(each) <= limit; });
      usual != kWidths.end()) {
    width = *usual;
  } else {
    width = std::max<std::int64_t>((last - first) / (limit * kDay), 1) * kDay;
    while (bins_of(width) > limit) width += kDay;
  }
  return {base::WallTime(minutes(floor_to(first, width))), minutes(width), static_cast<std::size_t>(bins_of(width))};
}

History::History(const std::string& path) : db_(path, Connection::Access::kRead) {
  schema_ = static_cast<int>(db_.integer("PRAGMA user_version"));
  if (schema_ == 0 || schema_ > kSchemaVersion) {
    throw SqlFailure({SqlError::Kind::kOther,
                      schema_ == 0 ? "is no journal of blipd" : "was written by a newer blipd; use that to read it"});
  }
}

std::vector<StateBin> History::states(const std::string& place, const Bins& bins) {
  std::vector<StateBin> found(bins.count);
  if (schema_ < 2) return found;
  const std::string columns =
      std::string("state, unstable, down_ms, unknown_ms, reachable_permille, ")
          .append(schema_ < 3 ? "NULL, 0, 0, NULL" : "usual_permille, answered, lost, rtt_median");
  Rows row(db_, columns, "state_minutes", place, bins);
  OpenBin open;
  std::size_t at = 0;
  while (row.next()) {
    const std::size_t bin = row.bin();
    if (bin != at) open.close(found[at]);
    add(row, found[bin], open);
    at = bin;
  }
  if (bins.count > 0) open.close(found[at]);
  return found;
}

std::vector<ChannelBin> History::channel(const std::string& place, const Bins& bins) {
  std::vector<ChannelBin> found(bins.count);
  if (schema_ < 2) return found;
  // Minutes of before schema 3 have a mean, which stands in for the points within its half.
  const auto columns = schema_ < 3
                           ? "answered, lost, aborted, late, rtt_least, rtt_mean, rtt_mean, rtt_mean, rtt_mean, "
                             "rtt_mean, rtt_most"
                           : "answered, lost, aborted, late, rtt_least, coalesce(rtt_p10, rtt_mean), coalesce(rtt_p25, "
                             "rtt_mean), coalesce(rtt_p50, rtt_mean), coalesce(rtt_p75, rtt_mean), coalesce(rtt_p90, "
                             "rtt_mean), rtt_most";
  Rows row(db_, columns, "channel_minutes", place, bins);
  SpreadMixer mixer;
  std::size_t at = 0;
  while (row.next()) {
    const std::size_t bin = row.bin();
    if (bin != at) close(found[at], mixer);
    add(row, found[bin], mixer);
    at = bin;
  }
  if (bins.count > 0) close(found[at], mixer);
  return found;
}

}  // namespace blipd::journal
