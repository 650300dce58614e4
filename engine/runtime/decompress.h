// SPDX-License-Identifier: Apache-2.0
// Compressed input, told by its first bytes.
#ifndef COLONNADE_ENGINE_RUNTIME_DECOMPRESS_H_
#define COLONNADE_ENGINE_RUNTIME_DECOMPRESS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace colonnade {

// Turns compressed bytes into what they stand for, in bounded memory. Movable by pointer only.
class Decompressor {
 public:
  // How many of the first bytes Make() looks at.
  static constexpr size_t kMagicSize = 13;

  // Fills its argument as far as the compressed bytes reach; less than its size means the end.
  using Source = std::function<size_t(std::span<char>)>;

  // For gzip (RFC 1952), Zstandard (RFC 8878), bzip2, xz and LZMA, which `magic`, the first bytes,
  // tells; null for anything else (zip archives: zip.h). source: yields all bytes, those of `magic`
  // too. name: of the file, for messages.
  static std::unique_ptr<Decompressor> Make(std::string_view magic, Source source,
                                            std::string name);

  virtual ~Decompressor() = default;

  // Fills `to` as far as the content reaches; less than to.size() means the end. Members or frames
  // that follow each other are one content. Throws kBadData where the data is damaged or ends
  // early.
  virtual size_t Read(std::span<char> to) = 0;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_DECOMPRESS_H_
