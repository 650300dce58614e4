// SPDX-License-Identifier: Apache-2.0
// An example to copy from, and a test: a service that learns in the background from data as they
// come, and meanwhile answers in any number of threads by the latest model. Of the library it takes
// the public interface alone.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "colonnade/colonnade.h"
#include "tests/support/datasets.h"

namespace colonnade {
namespace {

// The latest model, for one thread to publish and others to take. A Model is immutable and cheap to
// copy, so the lock is held for the copy of a pointer, and those who still have an older one keep
// it for as long as they need it.
class Publication {
 public:
  explicit Publication(Model model) : model_(std::move(model)) {}

  void Publish(Model model) {
    const std::scoped_lock lock(mutex_);
    std::swap(model_, model);
    version_.fetch_add(1, std::memory_order_release);
  }

  // Grows with every model.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

  Model Latest() const {
    const std::scoped_lock lock(mutex_);
    return model_;
  }

 private:
  mutable std::mutex mutex_;
  Model model_;
  std::atomic<uint64_t> version_ = 1;
};

// One for each thread that answers. An answer takes no lock and no memory, but for the first by a
// new model; a thread that never may has another one make its Predictors.
class Client {
 public:
  explicit Client(const Publication& from) : from_(from), predictor_(from.Latest()) {}

  uint32_t Classify(std::span<const float> example) {
    if (const uint64_t latest = from_.version(); latest != version_) Renew(latest);
    uint32_t result = 0;
    predictor_.Classes(example, {&result, 1});
    return result;
  }

  uint64_t version() const { return version_; }

 private:
  // At least that version: a later one may have come since.
  void Renew(uint64_t version) {
    predictor_ = Predictor(from_.Latest());
    version_ = version;
  }

  const Publication& from_;
  Predictor predictor_;
  uint64_t version_ = 0;
};

TEST(ServiceTest, LearnsWhileItAnswers) {
  constexpr uint64_t kPieces = 25;
  TrainOptions options;
  options.hidden = {32};
  options.optimizer = Optimizer::kAdam;
  options.learning_rate = 0.003;
  options.threads = 1;  // the others are for answers
  Trainer trainer(test::DigitsDataset(100, 1), options);
  Publication publication(trainer.model());

  std::atomic<bool> done = false;
  std::thread learner([&] {
    for (uint64_t piece = 0; piece < kPieces; ++piece) {
      trainer.Fit(test::DigitsDataset(200, 2 + piece));
      publication.Publish(trainer.model());
    }
    done = true;
  });

  // Each asks for all digits again and again, and once more of the last model.
  const Dataset digits = test::DigitsDataset(100, 1000);
  constexpr size_t kThreads = 3;
  std::vector<std::vector<uint32_t>> answers(kThreads);
  std::vector<uint64_t> last_versions(kThreads);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Client client(publication);
      for (bool last = false; !last;) {
        last = done;
        answers[t].clear();
        for (size_t e = 0; e < digits.examples(); ++e) {
          answers[t].push_back(client.Classify(test::ValuesOf(digits, e)));
        }
      }
      last_versions[t] = client.version();
    });
  }
  learner.join();
  for (std::thread& thread : threads) thread.join();

  const std::vector<uint32_t> expected = publication.Latest().Classes(digits, 1);
  for (size_t t = 0; t < kThreads; ++t) {
    EXPECT_EQ(last_versions[t], 1 + kPieces);
    EXPECT_EQ(answers[t], expected);
  }
  EXPECT_GT(Evaluate(publication.Latest(), digits, 1).accuracy, 0.6);
}

}  // namespace
}  // namespace colonnade
