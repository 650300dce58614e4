// SPDX-License-Identifier: Apache-2.0
// From the text of a CSV file to columns of bytes, as fast as memory delivers the text.
#ifndef COLONNADE_KERNELS_CSV_DECODE_H_
#define COLONNADE_KERNELS_CSV_DECODE_H_

#include <cstddef>
#include <cstdint>

namespace colonnade::kernels {

// The number of '\n' in text[0 .. size). Thread-safe.
size_t CountNewlines(const char* text, size_t size) noexcept;

// What the rows of a text look like.
struct ByteRows {
  size_t columns = 0;    // fields of each row, at least 1
  size_t label = 0;      // the column that holds the label; `columns`: none does
  char separator = ',';  // what stands between fields: any byte but a digit, '\r' and '\n'
  bool crlf = false;     // rows end in "\r\n"; otherwise in '\n'

  size_t features() const { return columns - (label < columns ? 1 : 0); }
};

// Bytes of scratch memory that rows of so many columns take.
constexpr size_t ByteRowScratch(size_t columns) { return columns + 256; }

// Decodes text[0 .. size) if it is exactly `count` rows of integers 0..255, each of 1 to 3 digits
// and nothing else in a field; the last row ends as the others do. False for any other text,
// whatever it is: then the contents of all outputs mean nothing.
//
// to: row r goes to to[r * stride ..], its features in order without the label, then zeros up to
// `stride`, a multiple of kAlignment (kernels/matrix.h) and at least features(). labels: the label
// of row r goes to labels[r]; null if there is none. scratch: ByteRowScratch(columns) bytes.
// Nothing is read outside the text, and nothing written outside the outputs. No two of the memories
// overlap. Thread-safe.
bool DecodeByteRows(const char* text, size_t size, const ByteRows& rows, size_t count, uint8_t* to,
                    size_t stride, uint8_t* labels, uint8_t* scratch) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_CSV_DECODE_H_
