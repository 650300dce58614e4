// IDX: two zero bytes, one for the element type (8: unsigned bytes), one for the number of
// dimensions, each dimension as a big-endian 32-bit number, then the values.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/class_index.h"
#include "engine/data/dataset_builder.h"
#include "engine/runtime/file.h"

namespace colonnade {
namespace {

namespace fs = std::filesystem;

struct IdxFile {
  std::string name;
  std::string content;
  std::vector<size_t> sizes;  // of the dimensions
  std::string_view values;    // in `content`
};

[[noreturn]] void Fail(const std::string& file, const std::string& what) {
  throw Error(ErrorCode::kBadData, fmt::format("{}: {}", file, what));
}

// The product of 32-bit sizes, or SIZE_MAX if it is beyond 64 bits.
size_t Product(const std::vector<size_t>& sizes) {
  size_t product = 1;
  for (const size_t size : sizes) {
    if (__builtin_mul_overflow(product, size, &product)) return SIZE_MAX;
  }
  return product;
}

// `kind`: for messages, what the file should hold; dimensions: how many it may have.
void Read(const fs::path& file, std::string_view kind, size_t min_dimensions, size_t max_dimensions,
          IdxFile* idx) {
  constexpr size_t kMagicSize = 4;
  idx->name = file == "-" ? "standard input" : file.string();
  idx->content = ReadWholeFile(file);
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(idx->content[i]); };
  const size_t size = idx->content.size();
  if (size < kMagicSize) {
    Fail(idx->name, fmt::format("found a file of {} bytes, expected IDX {}", size, kind));
  }
  const size_t dimensions = byte(3);
  if (byte(0) != 0 || byte(1) != 0 || byte(2) != 8 || dimensions < min_dimensions ||
      dimensions > max_dimensions) {
    Fail(idx->name,
         fmt::format("found the magic number {:02x}{:02x}{:02x}{:02x}, expected {:08x} (IDX {})",
                     byte(0), byte(1), byte(2), byte(3), 0x800 + max_dimensions, kind));
  }
  const size_t header = kMagicSize + 4 * dimensions;
  if (size < header) {
    Fail(idx->name, fmt::format("found a file of {} bytes, expected a header of {}", size, header));
  }
  for (size_t i = kMagicSize; i < header; i += 4) {
    idx->sizes.push_back(size_t{byte(i)} << 24 | size_t{byte(i + 1)} << 16 |
                         size_t{byte(i + 2)} << 8 | size_t{byte(i + 3)});
  }
  const size_t count = Product(idx->sizes);
  if (count == 0) Fail(idx->name, fmt::format("found {} of no elements", kind));
  if (count != size - header) {
    Fail(idx->name, fmt::format("found {} bytes of values, expected {} ({})", size - header,
                                count == SIZE_MAX ? "fewer than 2^64" : fmt::to_string(count),
                                fmt::join(idx->sizes, " × ")));
  }
  idx->values = std::string_view(idx->content).substr(header);
}

}  // namespace

Dataset ReadIdx(const fs::path& images_file, const fs::path& labels_file, const Schema* like) {
  const bool labelled = !labels_file.empty();
  IdxFile images;
  IdxFile labels;
  Read(images_file, "images", 2, 3, &images);
  const size_t examples = images.sizes[0];
  const size_t rows = images.sizes.size() == 3 ? images.sizes[1] : 1;
  const size_t columns = images.sizes.back();
  if (like != nullptr && rows * columns != like->features) {
    Fail(images.name,
         fmt::format("found {} × {} features, expected {}", rows, columns, like->features));
  }
  if (labelled) {
    Read(labels_file, "labels", 1, 1, &labels);
    if (labels.sizes[0] != examples) {
      Fail(labels.name, fmt::format("found {} labels, expected {} as in {}", labels.sizes[0],
                                    examples, images.name));
    }
  }

  Schema schema;
  schema.features = rows * columns;
  schema.label_name = "label";
  for (size_t r = 1; r <= rows; ++r) {
    for (size_t c = 1; c <= columns; ++c)
      schema.feature_names.push_back(fmt::format("{}x{}", r, c));
  }
  DatasetBuilder builder(schema.features, labelled, examples);
  ClassIndex classes(like != nullptr ? &like->classes : nullptr);
  for (size_t e = 0; e < examples; ++e) {
    std::copy_n(images.values.data() + e * schema.features, schema.features, builder.NextBytes());
    uint32_t index = 0;
    if (labelled) {
      const int64_t label = static_cast<uint8_t>(labels.values[e]);
      const std::optional<uint32_t> found = classes.Find(label);
      if (!found) {
        Fail(labels.name, fmt::format("example {}: found the label {}, expected {}", e, label,
                                      classes.Expected(fmt::to_string(label))));
      }
      index = *found;
    }
    builder.Append(index);
  }
  schema.classes = labelled ? classes.Finish(builder.labels()) : std::vector<std::string>();
  return builder.Finish(std::move(schema));
}

}  // namespace colonnade
