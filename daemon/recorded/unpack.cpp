#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "daemon/recorded/byte_source.hpp"

namespace blipd::recorded {

namespace {

constexpr std::string_view kGzipMagic("\x1f\x8b", 2);           // RFC 1952, 2.3.1
constexpr std::string_view kZstdMagic("\x28\xb5\x2f\xfd", 4);   // RFC 8878, 3.1.1
constexpr std::string_view kSkippableMagic("\x2a\x4d\x18", 3);  // RFC 8878, 3.1.2: after a byte from 0x50 to 0x5f

constexpr const char* kCutOff = "{} data that is cut off; copy the file anew";
constexpr const char* kCorrupt = "broken {} data: {}; copy the file anew";

// What another source gives, in a buffer that can be looked into.
class Peeked {
 public:
  explicit Peeked(std::unique_ptr<ByteSource> source) : source_(std::move(source)), buffer_(kBytes) {}

  // At least `count` bytes unless the end comes first.
  base::Expected<std::string_view> peek(std::size_t count) {
    while (end_ - begin_ < count && !is_over_) {
      if (begin_ == end_) begin_ = end_ = 0;
      const auto taken = source_->read(std::span(buffer_).subspan(end_));
      if (!taken) return tl::unexpected<base::Error>(taken.error());
      is_over_ = *taken == 0;
      end_ += *taken;
    }
    return std::string_view(buffer_.data() + begin_, end_ - begin_);
  }
  void skip(std::size_t count) { begin_ += count; }
  double share() const { return source_->share(); }

 private:
  static constexpr std::size_t kBytes = 256 << 10;
  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  bool is_over_ = false;
};

class Plain final : public ByteSource {
 public:
  explicit Plain(Peeked input) : input_(std::move(input)) {}
  base::Expected<std::size_t> read(std::span<char> to) override {
    const auto given = input_.peek(1);
    if (!given) return tl::unexpected<base::Error>(given.error());
    const std::size_t taken = given->copy(to.data(), to.size());
    input_.skip(taken);
    return taken;
  }
  double share() const override { return input_.share(); }

 private:
  Peeked input_;
};

// Any number of members, one after the other (RFC 1952, 2.2).
class Gzip final : public ByteSource {
 public:
  explicit Gzip(Peeked input) : input_(std::move(input)) {
    constexpr int kLargestWindowAndGzip = 15 + 16;
    is_ready_ = ::inflateInit2(&stream_, kLargestWindowAndGzip) == Z_OK;
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() override { ::inflateEnd(&stream_); }

  base::Expected<std::size_t> read(std::span<char> to) override {
    if (!is_ready_) return base::fail("no memory to unpack it; unpack it first");
    stream_.next_out = reinterpret_cast<Bytef*>(to.data());
    stream_.avail_out = static_cast<uInt>(to.size());
    while (stream_.avail_out == to.size()) {
      const auto given = input_.peek(1);
      if (!given) return tl::unexpected<base::Error>(given.error());
      if (given->empty()) {
        if (is_between_) return std::size_t{0};
        return base::fail(kCutOff, "gzip");
      }
      if (is_between_ && ::inflateReset(&stream_) != Z_OK) return broken();
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(given->data()));  // zlib does not write there
      stream_.avail_in = static_cast<uInt>(given->size());
      const int state = ::inflate(&stream_, Z_NO_FLUSH);
      input_.skip(given->size() - stream_.avail_in);
      is_between_ = state == Z_STREAM_END;
      if (state != Z_OK && state != Z_STREAM_END) return broken();
    }
    return to.size() - stream_.avail_out;
  }
  double share() const override { return input_.share(); }

 private:
  tl::unexpected<base::Error> broken() const {
    return base::fail(kCorrupt, "gzip", stream_.msg != nullptr ? stream_.msg : "unknown");
  }

  Peeked input_;
  z_stream stream_{};
  bool is_ready_ = false;
  bool is_between_ = false;  // a member has ended
};

// Any number of frames (RFC 8878, 3).
class Zstandard final : public ByteSource {
 public:
  explicit Zstandard(Peeked input) : input_(std::move(input)), stream_(::ZSTD_createDStream(), &::ZSTD_freeDStream) {}

  base::Expected<std::size_t> read(std::span<char> to) override {
    if (!stream_) return base::fail("no memory to unpack it; unpack it first");
    ZSTD_outBuffer out{to.data(), to.size(), 0};
    while (out.pos == 0) {
      const auto given = input_.peek(1);
      if (!given) return tl::unexpected<base::Error>(given.error());
      ZSTD_inBuffer in{given->data(), given->size(), 0};
      const std::size_t hint = ::ZSTD_decompressStream(stream_.get(), &out, &in);
      if (::ZSTD_isError(hint) != 0) return base::fail(kCorrupt, "zstd", ::ZSTD_getErrorName(hint));
      input_.skip(in.pos);
      if (given->empty() && out.pos == 0) {
        if (is_between_) return std::size_t{0};
        return base::fail(kCutOff, "zstd");
      }
      is_between_ = hint == 0;
    }
    return out.pos;
  }
  double share() const override { return input_.share(); }

 private:
  Peeked input_;
  std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream_;
  bool is_between_ = false;  // a frame has ended
};

}  // namespace

base::Expected<std::unique_ptr<ByteSource>> unpacked(std::unique_ptr<ByteSource> packed) {
  Peeked input(std::move(packed));
  const auto begin = input.peek(kZstdMagic.size());
  if (!begin) return tl::unexpected<base::Error>(begin.error());
  const std::string_view bytes = *begin;
  if (bytes.starts_with(kGzipMagic)) return std::make_unique<Gzip>(std::move(input));
  const bool is_skippable =
      bytes.size() >= 4 && (bytes[0] & 0xf0) == 0x50 && bytes.substr(1).starts_with(kSkippableMagic);
  if (is_skippable || bytes.starts_with(kZstdMagic)) return std::make_unique<Zstandard>(std::move(input));
  return std::make_unique<Plain>(std::move(input));
}

}  // namespace blipd::recorded
