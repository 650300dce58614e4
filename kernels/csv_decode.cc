// SPDX-License-Identifier: Apache-2.0
#include "kernels/csv_decode.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/csv_decode.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/csv_decode-inl.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

// Copies `features` bytes and fills up to `stride` with zeros. May read up to a vector beyond them.
HWY_INLINE void StoreRow(const uint8_t* from, size_t features, uint8_t* to, size_t stride) {
  const hn::CappedTag<uint8_t, kBlock> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= features; i += lanes) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
  if (i < features) {
    const auto rest = hn::FirstN(d, features - i);
    hn::StoreU(hn::IfThenElseZero(rest, hn::LoadU(d, from + i)), d, to + i);
    i += lanes;
  }
  for (; i < stride; i += lanes) hn::StoreU(hn::Zero(d), d, to + i);
}

// What DecodeByteRows() was asked for.
struct ByteJob {
  const uint8_t* text;
  size_t size;
  ByteRows rows;
  size_t count;
  uint8_t* to;
  size_t stride;
  uint8_t* labels;
  uint8_t* scratch;
};

// How far it has come.
template <bool kCrlf>
struct ByteProgress {
  BlockDecoder<kCrlf> decoder;
  size_t row;
  size_t fields;  // of the current row, decoded to scratch[0 .. fields)
};

// Goes on by one block. False where a row has not the right number of fields, or is one too many.
template <bool kCrlf>
HWY_INLINE bool Advance(const ByteJob& job, const uint8_t* block, uint64_t valid,
                        ByteProgress<kCrlf>& progress) {
  const size_t columns = job.rows.columns;
  BlockBits bits = progress.decoder.Decode(block, valid, job.scratch + progress.fields);
  const size_t found = progress.fields + hwy::PopCount(bits.ends);
  if (HWY_LIKELY(bits.newlines == 0)) {
    progress.fields = found;
    return found <= columns;  // all of them where a block ends between a CR and its LF
  }
  uint8_t* row = job.scratch;
  size_t fields = progress.fields;
  do {
    // The fields that end before this newline or, where it ends one itself, at it.
    const uint64_t upto = bits.newlines ^ (bits.newlines - 1);
    fields += hwy::PopCount(bits.ends & upto);
    bits.ends &= ~upto;
    bits.newlines &= ~upto;
    if (HWY_UNLIKELY(fields != columns || progress.row == job.count)) return false;
    uint8_t* features = row;
    if (job.rows.label < columns) {
      job.labels[progress.row] = row[job.rows.label];
      for (size_t i = job.rows.label; i > 0; --i) row[i] = row[i - 1];
      ++features;
    }
    StoreRow(features, job.rows.features(), job.to + progress.row * job.stride, job.stride);
    row += columns;
    fields = 0;
    ++progress.row;
  } while (bits.newlines != 0);
  progress.fields = found - static_cast<size_t>(row - job.scratch);
  // Fields of the next row: kBlock at most, and what lies behind them is scratch memory, too.
  std::memmove(job.scratch, row, kBlock);
  return progress.fields <= columns;
}

// The same for the first and the last block, which are put where rows end before them and fields of
// one digit come after them, as in a longer text.
template <bool kCrlf>
HWY_NOINLINE bool AdvanceAtEdge(const ByteJob& job, size_t begin, ByteProgress<kCrlf>& progress) {
  const size_t length = HWY_MIN(job.size - begin, kBlock);
  uint8_t staged[kBefore + kBlock];
  std::memset(staged, '\n', kBefore);
  if (begin > 0) std::memcpy(staged, job.text + begin - kBefore, kBefore);
  std::memcpy(staged + kBefore, job.text + begin, length);
  for (size_t i = length; i < kBlock; ++i) {
    staged[kBefore + i] = (i - length) % 2 == 0 ? '0' : static_cast<uint8_t>(job.rows.separator);
  }
  const uint64_t valid = length == kBlock ? ~uint64_t{0} : (uint64_t{1} << length) - 1;
  return Advance(job, staged + kBefore, valid, progress);
}

template <bool kCrlf>
bool DecodeRows(const ByteJob& job) {
  ByteProgress<kCrlf> progress = {BlockDecoder<kCrlf>(static_cast<uint8_t>(job.rows.separator)), 0,
                                  0};
  if (job.size == 0) return job.count == 0;
  if (job.text[job.size - 1] != '\n') return false;  // digits behind the last row would pass else
  if (!AdvanceAtEdge(job, 0, progress)) return false;
  size_t begin = kBlock;
  {
    // Copies that no store to bytes can change, as far as the compiler knows.
    const ByteJob mine = job;
    ByteProgress<kCrlf> now = progress;
    for (; begin + kBlock <= mine.size; begin += kBlock) {
      if (HWY_UNLIKELY(!Advance(mine, mine.text + begin, ~uint64_t{0}, now))) return false;
    }
    progress = now;
  }
  if (begin < job.size && !AdvanceAtEdge(job, begin, progress)) return false;
  return progress.row == job.count && progress.fields == 0 && progress.decoder.good();
}

bool DecodeByteRowsTarget(const char* text, size_t size, const ByteRows& rows, size_t count,
                          uint8_t* to, size_t stride, uint8_t* labels, uint8_t* scratch) {
  const ByteJob job = {
      reinterpret_cast<const uint8_t*>(text), size, rows, count, to, stride, labels, scratch};
  return rows.crlf ? DecodeRows<true>(job) : DecodeRows<false>(job);
}

size_t CountNewlinesTarget(const char* text, size_t size) {
  const hn::ScalableTag<uint8_t> d;
  const size_t lanes = hn::Lanes(d);
  const auto* bytes = reinterpret_cast<const uint8_t*>(text);
  const auto newline = hn::Set(d, '\n');
  size_t count = 0;
  size_t i = 0;
  for (; i + 4 * lanes <= size; i += 4 * lanes) {
    count += hn::CountTrue(d, hn::Eq(hn::LoadU(d, bytes + i), newline)) +
             hn::CountTrue(d, hn::Eq(hn::LoadU(d, bytes + i + lanes), newline)) +
             hn::CountTrue(d, hn::Eq(hn::LoadU(d, bytes + i + 2 * lanes), newline)) +
             hn::CountTrue(d, hn::Eq(hn::LoadU(d, bytes + i + 3 * lanes), newline));
  }
  for (; i < size; ++i) count += bytes[i] == '\n' ? 1 : 0;
  return count;
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(CountNewlinesTarget);
HWY_EXPORT(DecodeByteRowsTarget);

size_t CountNewlines(const char* text, size_t size) noexcept {
  return HWY_DYNAMIC_DISPATCH(CountNewlinesTarget)(text, size);
}

bool DecodeByteRows(const char* text, size_t size, const ByteRows& rows, size_t count, uint8_t* to,
                    size_t stride, uint8_t* labels, uint8_t* scratch) noexcept {
  return HWY_DYNAMIC_DISPATCH(DecodeByteRowsTarget)(text, size, rows, count, to, stride, labels,
                                                    scratch);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
