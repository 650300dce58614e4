// SPDX-License-Identifier: Apache-2.0
// IDX: two zero bytes, one for the element type (8: unsigned bytes), one for the number of
// dimensions, each dimension as a big-endian 32-bit number, then the values.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/class_index.h"
#include "engine/data/conform.h"
#include "engine/data/dataset_builder.h"
#include "engine/data/formats/formats.h"
#include "engine/runtime/file.h"

namespace colonnade {
namespace {

namespace fs = std::filesystem;

// The file of the labels that belong to images, by the names that MNIST's files have.
fs::path LabelsOf(const fs::path& images) {
  std::string name = images.filename().string();
  const size_t at = name.rfind("images");
  if (at == std::string::npos) {
    throw Error(ErrorCode::kBadData,
                {.file = images.string(),
                 .found = "IDX images, whose labels are in another file",
                 .expected = "a name with 'images' in it, such as train-images-idx3-ubyte for "
                             "train-labels-idx1-ubyte"});
  }
  name.replace(at, 6, "labels");
  const size_t dimensions = name.find("idx3", at);
  if (dimensions != std::string::npos) name.replace(dimensions, 4, "idx1");
  return images.parent_path() / name;
}

struct IdxFile {
  std::string name;
  std::string content;
  std::vector<size_t> sizes;  // of the dimensions
  std::string_view values;    // in `content`
};

[[noreturn]] void FailIdx(const std::string& file, std::string found, std::string expected = {}) {
  throw Error(ErrorCode::kBadData,
              {.file = file, .found = std::move(found), .expected = std::move(expected)});
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
    FailIdx(idx->name, fmt::format("a file of {} bytes", size), fmt::format("IDX {}", kind));
  }
  const size_t dimensions = byte(3);
  if (byte(0) != 0 || byte(1) != 0 || byte(2) != 8 || dimensions < min_dimensions ||
      dimensions > max_dimensions) {
    FailIdx(idx->name,
            fmt::format("the magic number {:02x}{:02x}{:02x}{:02x}", byte(0), byte(1), byte(2),
                        byte(3)),
            fmt::format("{:08x} (IDX {})", 0x800 + max_dimensions, kind));
  }
  const size_t header = kMagicSize + 4 * dimensions;
  if (size < header) {
    FailIdx(idx->name, fmt::format("a file of {} bytes", size),
            fmt::format("a header of {}", header));
  }
  for (size_t i = kMagicSize; i < header; i += 4) {
    idx->sizes.push_back(size_t{byte(i)} << 24 | size_t{byte(i + 1)} << 16 |
                         size_t{byte(i + 2)} << 8 | size_t{byte(i + 3)});
  }
  const size_t count = Product(idx->sizes);
  if (count == 0) FailIdx(idx->name, fmt::format("{} of no elements", kind));
  if (count != size - header) {
    FailIdx(idx->name, fmt::format("{} bytes of values", size - header),
            fmt::format("{} ({})", count == SIZE_MAX ? "fewer than 2^64" : fmt::to_string(count),
                        fmt::join(idx->sizes, " × ")));
  }
  idx->values = std::string_view(idx->content).substr(header);
}

uint32_t CodeOf(const IdxFile& labels, size_t example, ClassIndex& classes) {
  const int64_t label = static_cast<uint8_t>(labels.values[example]);
  const std::optional<uint32_t> code = classes.Find(label);
  if (code) return *code;
  throw Error(ErrorCode::kBadData, {.subject = fmt::format("example {}", example),
                                    .file = labels.name,
                                    .found = fmt::format("the label {}", label),
                                    .expected = classes.Expected(fmt::to_string(label))});
}

}  // namespace

Dataset ReadIdx(const fs::path& images_file, const fs::path& labels_file,
                const std::optional<Schema>& like) {
  const bool labelled = !labels_file.empty();
  IdxFile images;
  IdxFile labels;
  Read(images_file, "images", 2, 3, &images);
  const size_t examples = images.sizes[0];
  const size_t rows = images.sizes.size() == 3 ? images.sizes[1] : 1;
  const size_t columns = images.sizes.back();
  if (like && rows * columns != like->features) {
    FailIdx(images.name, fmt::format("{} × {} features", rows, columns),
            fmt::to_string(like->features));
  }
  if (labelled) {
    Read(labels_file, "labels", 1, 1, &labels);
    if (labels.sizes[0] != examples) {
      FailIdx(labels.name, fmt::format("{} labels", labels.sizes[0]),
              fmt::format("{} as in {}", examples, images.name));
    }
  }

  Schema schema;
  schema.features = rows * columns;
  schema.label_name = "label";
  for (size_t r = 1; r <= rows; ++r) {
    for (size_t c = 1; c <= columns; ++c)
      schema.feature_names.push_back(fmt::format("{}x{}", r, c));
  }
  const LabelKind kind = !labelled                       ? LabelKind::kNone
                         : like && like->classes.empty() ? LabelKind::kTargets
                                                         : LabelKind::kCodes;
  DatasetBuilder builder(schema.features, kind, examples);
  ClassIndex classes(like ? &like->classes : nullptr);
  for (size_t e = 0; e < examples; ++e) {
    std::copy_n(images.values.data() + e * schema.features, schema.features, builder.NextBytes());
    Label label;
    if (labelled) label.target = static_cast<uint8_t>(labels.values[e]);
    if (kind == LabelKind::kCodes) label.code = CodeOf(labels, e, classes);
    builder.Append(label);
  }
  schema.classes = builder.FinishLabels(classes);
  std::vector<std::string> names = std::exchange(schema.feature_names, {});
  std::unique_ptr<Dataset::Storage> table = builder.Finish(std::move(schema));
  if (like) {
    ConformFeatures(images.name, *like, *table);
    ConformTargets(labels.name, like->target_offset, *table);
    // Names of pixels are made up: others mean the same.
    if (!like->feature_names.empty()) names = like->feature_names;
  }
  table->schema.feature_names = std::move(names);
  return Dataset(std::move(table));
}

bool IsIdx(const FileStart& start) {
  const std::string_view bytes = start.bytes;
  return bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0 && bytes[2] == 8 &&
         (bytes[3] == 2 || bytes[3] == 3);
}

Dataset ReadIdxPair(const FoundFile& file, const CsvOptions& options) {
  const char* const chooses = !options.ignore_columns.empty() ? "ignore-columns"
                              : !options.categorical.empty()  ? "categorical"
                              : options.weight_column         ? "weight-column"
                                                              : nullptr;
  if (!options.like && chooses != nullptr) {
    throw Error(
        ErrorCode::kInvalidArgument,
        {.subject = chooses,
         .file = file.name,
         .problem = file.name + ": found IDX images, whose columns are all pixels: none can be "
                                "ignored, categorical or of weights"});
  }
  const fs::path labels = LabelsOf(file.path);
  std::error_code ignored;
  const bool lacking = options.labels_optional && !fs::exists(labels, ignored);
  return ReadIdx(file.path, lacking ? fs::path() : labels, options.like);
}

}  // namespace colonnade
