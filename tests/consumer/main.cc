// A program outside the project that uses the installed library: learns the exclusive or.
#include <colonnade/colonnade.h>
#include <kernels/activation.h>
#include <kernels/convert.h>
#include <kernels/gemm.h>
#include <kernels/gemv.h>
#include <kernels/optimizer.h>
#include <kernels/softmax.h>
#include <kernels/targets.h>

#include <cstdio>
#include <vector>

int main() {
  if (colonnade::kernels::PaddedRows(1) != 16) return 1;
  const std::vector<float> values = {0, 0, 0, 1, 1, 0, 1, 1};
  const std::vector<uint32_t> labels = {0, 1, 1, 0};
  colonnade::Schema schema;
  schema.features = 2;
  const auto data = colonnade::Dataset::FromMemory(std::span<const float>(values), labels, schema);

  colonnade::TrainOptions options;
  options.hidden = {16};
  options.epochs = 200;
  options.batch_size = 0;
  options.validation = &data;
  options.early_stopping = 100;
  options.checkpoint = "xor.ckpt";
  options.on_progress = [](const colonnade::Progress& p) { return p.step < 50; };
  if (!colonnade::Train(data, options).stopped) return 1;
  options.resume = true;  // what the callback broke off
  options.on_progress = nullptr;
  const colonnade::TrainResult result = colonnade::Train(data, options);
  std::remove("xor.ckpt");
  if (result.resumed_step != 50 || !result.validation) return 1;
  const colonnade::Evaluation evaluation = colonnade::Evaluate(result.model, data);
  std::printf("colonnade %s: accuracy %.2f, loss %.4f\n", colonnade::Version(), evaluation.accuracy,
              evaluation.loss);

  // Straight from memory, the last example alone and then all of them.
  std::vector<float> probabilities(2);
  result.model.Probabilities(std::span(values).last(2), probabilities);
  std::vector<uint32_t> classes(4);
  result.model.Classes(values, classes);

  // Further data, as they come.
  options.checkpoint.clear();
  options.resume = false;
  options.start = &result.model;
  colonnade::Trainer trainer(data, options);
  if (trainer.Fit(data).accuracy < 1 || trainer.model().shape() != result.model.shape()) return 1;
  if (probabilities[0] <= 0.5f || classes != labels) return 1;
  return evaluation.accuracy == 1.0 ? 0 : 1;
}
