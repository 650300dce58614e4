// colonnade convert IMAGES LABELS OUT.csv
#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/commands.h"
#include "colonnade/csv.h"

namespace colonnade::cli {

void AddConvertCommand(CLI::App& app, Common& common) {
  struct Options {
    std::string images, labels, output;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("convert", "Turn a pair of IDX files into a CSV file");
  command->add_option("IMAGES", options->images, "IDX file of images (or other byte features)")
      ->required();
  command->add_option("LABELS", options->labels, "IDX file of labels")->required();
  command->add_option("OUT", options->output, "CSV file to write")->required();
  command->footer(
      "Example:\n"
      "  colonnade convert train-images-idx3-ubyte train-labels-idx1-ubyte mnist_train.csv");
  command->callback([options, &common] {
    const Dataset data = ReadIdx(options->images, options->labels);
    WriteCsv(data, options->output);
    PrintNote(common, fmt::format("{}: {} examples, {} features", options->output,
                                  WithCommas(data.examples()), WithCommas(data.features())));
  });
}

}  // namespace colonnade::cli
